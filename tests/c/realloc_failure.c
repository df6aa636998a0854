// A realloc that cannot be served leaves the old block valid, with its content and its size.
#include "check.h"

int main(void) {
    for (size_t size = 1; size < (size_t)40 << 20; size = size * 3 + 1) {
        unsigned char *block = malloc(size);
        CHECK(block);
        size_t usable = malloc_usable_size(block);
        fill(block, size, 6);
        errno = 0;
        CHECK(realloc(block, (size_t)1 << 50) == NULL && errno == ENOMEM);
        errno = 0;
        CHECK(realloc(block, PTRDIFF_MAX) == NULL && errno == ENOMEM);
        CHECK(malloc_usable_size(block) == usable);
        CHECK(holds(block, size, 6));
        free(block);
    }
    return 0;
}
