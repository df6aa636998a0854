// A call that succeeds does not need errno, and free and malloc_usable_size leave it alone.
#include "check.h"

int main(void) {
    for (size_t size = 1; size < (size_t)64 << 20; size *= 3) {
        errno = 42;
        void *block = malloc(size);
        CHECK(block && malloc_usable_size(block) >= size);
        free(block);
        CHECK(errno == 42);
    }
    return 0;
}
