// realloc keeps the content up to the smaller size, across every class boundary, up and down.
#include "check.h"

static void move(size_t from, size_t to) {
    unsigned char *block = malloc(from);
    CHECK(block);
    fill(block, from, (unsigned)to);
    block = realloc(block, to);
    CHECK(block && is_aligned(block, 16) && malloc_usable_size(block) >= to);
    CHECK(holds(block, from < to ? from : to, (unsigned)to));
    fill(block, to, 9);
    CHECK(holds(block, to, 9));
    free(block);
}

int main(void) {
    for (size_t size = 1; size < 70000; size += 1 + size / 40) {
        move(size, size + 1);
        move(size + 1, size);
        move(size, size + size / 8 + 16);
        move(size, 2 * size);
        move(2 * size, size);
        move(size, 1);
        move(1, size);
    }
    for (size_t power = 16; power <= (size_t)8 << 20; power *= 2)
        for (int below = -1; below <= 1; below++)
            for (int above = -1; above <= 1; above++) {
                move(power + below, 2 * power + above);
                move(2 * power + above, power + below);
            }
    return 0;
}
