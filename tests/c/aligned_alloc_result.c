// aligned_alloc: the size need not be a multiple of the alignment; 2^62 is ENOMEM.
#include "check.h"

int main(void) {
    for (size_t alignment = 1; alignment <= (size_t)1 << 20; alignment *= 2)
        for (size_t size = 0; size < 200000; size = size * 2 + 3) {
            void *block = aligned_alloc(alignment, size);
            CHECK(block && is_aligned(block, alignment) && is_aligned(block, 16));
            CHECK(malloc_usable_size(block) >= size);
            memset(block, 0x5a, size);
            free(block);
        }
    errno = 0;
    CHECK(aligned_alloc((size_t)1 << 62, 64) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(aligned_alloc((size_t)1 << 63, 1) == NULL && errno == ENOMEM);
    return 0;
}
