// A thousand blocks are resized at random up to 1 MiB: each always holds its own pattern.
#include "check.h"

enum { BLOCKS = 1000, STEPS = 40000 };
static unsigned char *blocks[BLOCKS];
static size_t sizes[BLOCKS];

int main(void) {
    uint64_t state = 1;
    for (int step = 0; step < STEPS; step++) {
        unsigned k = next_random(&state) % BLOCKS;
        size_t size = random_size(&state, step % 50 ? 4096 : 1 << 20);
        unsigned char *block = realloc(blocks[k], size);
        CHECK(block && is_aligned(block, 16));
        CHECK(holds(block, sizes[k] < size ? sizes[k] : size, k));
        fill(block, size, k);
        blocks[k] = block;
        sizes[k] = size;
    }
    for (unsigned k = 0; k < BLOCKS; k++) {
        CHECK(holds(blocks[k], sizes[k], k));
        free(blocks[k]);
    }
    return 0;
}
