// Blocks from 64 KiB to 256 MiB grow and shrink (mremap sizes) with their content; a neighbour
// stays as it is.
#include "check.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

int main(void) {
    const size_t sizes[] = {64 * KIB, 100 * KIB, MIB - 1, 2 * MIB, 2 * MIB + 1, 3 * MIB, 17 * MIB,
                            64 * MIB, 65 * MIB + 4095, 130 * MIB, 256 * MIB, 200 * MIB, 64 * MIB, 33 * MIB,
                            4 * MIB, 8 * MIB, 5 * MIB, MIB, 70 * KIB, 30 * MIB, 1, 20 * MIB, 40};
    size_t size = 65 * KIB;
    unsigned char *block = malloc(size);
    CHECK(block);
    fill(block, size, 1);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *neighbour = malloc(size);
        CHECK(neighbour);
        neighbour[0] = neighbour[size - 1] = 77;
        block = realloc(block, sizes[i]);
        CHECK(block && is_aligned(block, 16) && malloc_usable_size(block) >= sizes[i]);
        CHECK(holds(block, size < sizes[i] ? size : sizes[i], i + 1));
        CHECK(neighbour[0] == 77 && neighbour[size - 1] == 77);
        free(neighbour);
        size = sizes[i];
        fill(block, size, i + 2);
    }
    free(block);
    return 0;
}
