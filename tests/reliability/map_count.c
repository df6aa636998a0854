// The program itself uses up vm.max_map_count: malloc gives blocks or NULL and ENOMEM, what was handed out
// can be freed, and once there is room again all sizes are served.
#include "process.h"
#include <sys/mman.h>

enum { MAPS = 70000, BLOCKS = 3000 };
static void *maps[MAPS];

static int use_up(void) {
    int count = 0;
    while (count < MAPS) {  // neighbours of different protection are not joined
        int protection = count % 2 ? PROT_READ : PROT_READ | PROT_WRITE;
        void *map = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) return count;
        maps[count++] = map;
    }
    return count;
}

static int churn_once(uint64_t seed) {
    static char *blocks[BLOCKS];
    int refused = 0;
    for (int i = 0; i < BLOCKS; i++) {
        size_t size = random_size(&seed, i % 10 ? 100000 : 5 << 20);
        errno = 0;
        blocks[i] = malloc(size);
        if (blocks[i]) blocks[i][0] = blocks[i][size - 1] = 1;
        else refused++, CHECK(errno == ENOMEM);
    }
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    return refused;
}

int main(void) {
    CHECK(churn_once(1) == 0);
    int count = use_up();
    if (count == MAPS) skip("vm.max_map_count is above 70000");
    for (uint64_t round = 0; round < 5; round++) churn_once(round);
    for (int i = 0; i < count; i++) munmap(maps[i], 4096);
    for (int i = 0; i < count; i++) munmap(maps[i], 4096);  // those that had no room to be split at first
    for (uint64_t round = 0; round < 5; round++) CHECK(churn_once(round) == 0);
    return 0;
}
