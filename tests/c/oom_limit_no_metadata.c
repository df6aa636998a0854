// Under a limit of 400 MiB a program fills its memory with small blocks and then takes every page of addresses that is
// left. When it has freed the blocks, huge ones stand in their place, though no metadata can be had any more.
#include "check.h"
#include <sys/mman.h>
#include <sys/resource.h>

enum { MOST = 1000000, HUGE = 3000000 };
static char *blocks[MOST];

int main(int argc, char **argv) {
    struct rlimit limit = {(rlim_t)400 << 20, (rlim_t)400 << 20};
    if (argc == 1) {
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        execl("/proc/self/exe", argv[0], "limited", (char *)NULL);
        return 9;
    }
    // each mapping of its own takes metadata by its address: what is there is used up
    for (size_t size = 3000000; size <= 24000000; size += 3000000) {
        size_t count = 0;
        while (count < MOST && (blocks[count] = malloc(size))) count++;
        for (size_t i = 0; i < count; i++) free(blocks[i]);
    }
    size_t count = 0;
    while (count < MOST && (blocks[count] = malloc(1000))) blocks[count++][999] = 1;
    CHECK(count > 200000);
    for (size_t bytes = 1 << 20; bytes >= 4096; bytes /= 2) {
        while (mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED) {
        }
    }
    for (size_t i = 0; i < count; i++) free(blocks[i]);
    for (int round = 0; round < 3; round++) {
        size_t huge = 0;
        while (huge < MOST && (blocks[huge] = malloc(HUGE))) memset(blocks[huge++], 7, HUGE);
        CHECK(huge * HUGE > (size_t)200 << 20);
        for (size_t i = 0; i < huge; i++) {
            CHECK(blocks[i][0] == 7 && blocks[i][HUGE - 1] == 7);
            CHECK(malloc_usable_size(blocks[i]) >= HUGE);
            free(blocks[i]);
        }
    }
    return 0;
}
