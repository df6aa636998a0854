// Alignments from 1 MiB to 1 GiB are served or refused with ENOMEM: never misaligned, never
// overlapping, and given back.
#include "check.h"

int main(void) {
    enum { COUNT = 4 };
    const size_t sizes[] = {1, 4096, 100000, (size_t)3 << 20};
    int served = 0;
    for (int round = 0; round < 8; round++)
        for (size_t alignment = (size_t)1 << 20; alignment <= (size_t)1 << 30; alignment *= 2) {
            void *blocks[COUNT];
            for (unsigned i = 0; i < COUNT; i++) {
                errno = 0;
                blocks[i] = memalign(alignment, sizes[i]);
                CHECK(blocks[i] || errno == ENOMEM);
                if (!blocks[i]) continue;
                served++;
                CHECK(is_aligned(blocks[i], alignment) && malloc_usable_size(blocks[i]) >= sizes[i]);
                fill(blocks[i], sizes[i], i);
            }
            for (unsigned i = 0; i < COUNT; i++) {
                CHECK(!blocks[i] || holds(blocks[i], sizes[i], i));
                free(blocks[i]);
            }
        }
    CHECK(served > 100);
    return 0;
}
