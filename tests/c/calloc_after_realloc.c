// Memory that realloc left behind (shrunk tails, moved blocks) is zero again from calloc.
#include "check.h"

int main(void) {
    for (size_t size = 64; size <= (size_t)16 << 20; size *= 2) {
        unsigned char *block = malloc(size);
        CHECK(block);
        memset(block, 0xff, size);
        block = realloc(block, size / 4);
        CHECK(block);
        for (int i = 0; i < 3; i++) {
            unsigned char *zero = calloc(size / 4, 3);
            CHECK(zero && is_all_zero(zero, size / 4 * 3));
            memset(zero, 0xff, size / 4 * 3);
            zero = realloc(zero, size / 4);
            CHECK(zero);
            free(zero);
        }
        free(block);
        unsigned char *again = calloc(1, size);
        CHECK(again && is_all_zero(again, size));
        free(again);
    }
    return 0;
}
