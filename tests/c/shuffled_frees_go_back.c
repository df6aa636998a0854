// Blocks freed in random order keep no slabs back, although the caches of the thread hold a few.
// each-args: 48 200 1000
// env: HAKMEM_CACHE_MIN_MB=0
// hakmem-only
#include "check.h"

enum { TOTAL_BYTES = 48 << 20 };
static void *blocks[TOTAL_BYTES / 48];

int main(int argc, char **argv) {
    CHECK(argc == 2);
    size_t size = (size_t)atol(argv[1]), count = TOTAL_BYTES / size;
    uint64_t state = 1;
    memset(blocks, 0xff, sizeof blocks);  // its pages count in both figures
    long before = resident_kib() * 1024;
    for (size_t i = 0; i < count; i++) CHECK((blocks[i] = malloc(size))), memset(blocks[i], 1, size);
    CHECK(resident_kib() * 1024 - before > TOTAL_BYTES);
    for (size_t left = count; left > 0; left--) {
        size_t k = next_random(&state) % left;
        void *block = blocks[k];
        blocks[k] = blocks[left - 1];
        free(block);
    }
    CHECK(resident_kib() * 1024 - before < TOTAL_BYTES / 4);
    return 0;
}
