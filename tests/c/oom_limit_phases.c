// Under a limit of 400 MiB a program fills its memory with blocks of one size, frees them and goes
// on to another size: what one phase gave back serves the next, small after large and large after
// small. 200 MiB at least can be had of every size.
#include "check.h"
#include <sys/resource.h>

enum { MOST = 1000000 };
static char *blocks[MOST];

static size_t fill_up(size_t size) {
    size_t count = 0;
    while (count < MOST && (blocks[count] = malloc(size))) blocks[count++][size - 1] = 1;
    for (size_t i = 0; i < count; i++) free(blocks[i]);
    return count * size;
}

int main(int argc, char **argv) {
    struct rlimit limit = {(rlim_t)400 << 20, (rlim_t)400 << 20};
    static const size_t SIZES[] = {1000, 9000, 50000, 300000, 3000000, 20000000, 1000, 3000000, 50000, 20000000};
    if (argc == 1) {
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        execl("/proc/self/exe", argv[0], "limited", (char *)NULL);
        return 9;
    }
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) CHECK(fill_up(SIZES[i]) > (size_t)200 << 20);
    return 0;
}
