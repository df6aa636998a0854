// Every result of malloc, calloc and realloc is aligned to 16 bytes, and blocks do not overlap.
#include "check.h"

enum { COUNT = 6000 };
static unsigned char *blocks[COUNT];

int main(void) {
    for (size_t size = 0; size < COUNT; size++) {
        blocks[size] = size % 2 ? malloc(size) : calloc(1, size);
        CHECK(blocks[size] && is_aligned(blocks[size], 16));
        fill(blocks[size], size, (unsigned)size);
    }
    for (size_t size = 0; size < COUNT; size++) CHECK(holds(blocks[size], size, (unsigned)size));
    for (size_t size = 1; size < COUNT; size += 2) {
        blocks[size] = realloc(blocks[size], size * 3);
        CHECK(blocks[size] && is_aligned(blocks[size], 16));
        CHECK(holds(blocks[size], size, (unsigned)size));
    }
    for (size_t size = 0; size < COUNT; size++) free(blocks[size]);
    for (size_t size = 4096; size <= (size_t)64 << 20; size += size / 3) {
        void *large = malloc(size);
        CHECK(large && is_aligned(large, 16));
        free(large);
    }
    return 0;
}
