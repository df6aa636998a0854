// A block that grows a little at a time is seldom moved, keeps its content, and has less than twice what was asked
// for.
// hakmem-only
#include "check.h"

enum { LARGEST = 60000, MOST_MOVES = 45 };

int main(void) {
    for (size_t step = 1; step <= 64; step *= 4) {
        size_t size = 0;
        int moves = 0;
        unsigned char *block = NULL;
        while (size < LARGEST) {
            unsigned char *before = block;
            CHECK((block = realloc(block, size + step)));
            if (block != before) {
                moves++;
                CHECK(holds(block, size, 5));
            }
            CHECK(size < 1024 || malloc_usable_size(block) < 2 * (size + step));
            for (size_t end = size + step; size < end; size++) block[size] = pattern_at(size, 5);
        }
        if (step < 64) CHECK(moves <= MOST_MOVES);
        free(block);
    }
    return 0;
}
