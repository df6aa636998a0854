// A program built with _FORTIFY_SOURCE=3 that writes what malloc_usable_size reports after
// realloc to that size, as the manual asks.
// flags: -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fbuiltin
#include "check.h"

int main(void) {
    for (size_t size = 1; size < 300000; size = size * 2 + 5) {
        char *block = malloc(size);
        CHECK(block);
        size_t usable = malloc_usable_size(block);
        char *same = realloc(block, usable);
        CHECK(same && malloc_usable_size(same) >= usable);
        memset(same, 1, usable);
        CHECK(same[usable - 1] == 1);
        free(same);
    }
    return 0;
}
