// reallocarray gives count * size usable bytes and keeps the content.
#include "check.h"

int main(void) {
    char *block = reallocarray(NULL, 10, 10);
    CHECK(block && malloc_usable_size(block) >= 100);
    fill(block, 100, 5);
    block = reallocarray(block, 1000, 100);
    CHECK(block && malloc_usable_size(block) >= 100000 && holds(block, 100, 5));
    fill(block, 100000, 6);
    block = reallocarray(block, 3, 7);
    CHECK(block && holds(block, 21, 6));
    CHECK(reallocarray(block, 0, 8) == NULL);  // as realloc(block, 0): freed
    return 0;
}
