// calloc gives zeroes also from memory that was dirty before: small, large, huge, after trim.
#include "check.h"

static void dirty_cycle(size_t size) {
    enum { COUNT = 40 };
    unsigned char *blocks[COUNT];
    size_t count = size > 1 << 20 ? 2 : COUNT;
    for (size_t i = 0; i < count; i++) {
        blocks[i] = malloc(size);
        CHECK(blocks[i]);
        memset(blocks[i], 0xff, malloc_usable_size(blocks[i]));
    }
    for (size_t i = 0; i < count; i++) free(blocks[i]);
    for (size_t i = 0; i < count; i++) {
        blocks[i] = calloc(1, size);
        CHECK(blocks[i] && is_all_zero(blocks[i], size));
        memset(blocks[i], 0xff, size);
    }
    for (size_t i = 0; i < count; i++) free(blocks[i]);
}

int main(void) {
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size <= (size_t)32 << 20; size += 1 + size / 3) dirty_cycle(size);
        malloc_trim(0);
    }
    return 0;
}
