// posix_memalign serves every alignment from 8 up to 4 MiB with every size, without overlap.
#include "check.h"

int main(void) {
    enum { COUNT = 16 };
    void *blocks[COUNT];
    for (size_t alignment = sizeof(void *); alignment <= (size_t)4 << 20; alignment *= 2)
        for (size_t size = 1; size <= (size_t)1 << 20; size = size * 7 + 1) {
            for (unsigned i = 0; i < COUNT; i++) {
                CHECK(posix_memalign(&blocks[i], alignment, size) == 0);
                CHECK(blocks[i] && is_aligned(blocks[i], alignment) && is_aligned(blocks[i], 16));
                fill(blocks[i], size, i);
            }
            for (unsigned i = 0; i < COUNT; i++) {
                CHECK(holds(blocks[i], size, i));
                free(blocks[i]);
            }
        }
    return 0;
}
