// A block from memalign may be passed to realloc; its content is kept.
#include "check.h"

int main(void) {
    for (size_t alignment = 16; alignment <= (size_t)1 << 22; alignment *= 4)
        for (size_t size = 1; size < 3000000; size = size * 5 + 3) {
            unsigned char *block = memalign(alignment, size);
            CHECK(block && is_aligned(block, alignment));
            fill(block, size, 4);
            block = realloc(block, 3 * size);
            CHECK(block && holds(block, size, 4));
            fill(block, 3 * size, 5);
            block = realloc(block, size / 2 + 1);
            CHECK(block && holds(block, size / 2 + 1, 5));
            free(block);
        }
    return 0;
}
