// realloc of a block that glibc's own malloc gave out keeps its content, growing and shrinking;
// realloc to 0 frees it; its usable size is glibc's.
#include "check.h"

int main(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    for (size_t size = 1; size < 1000000; size = size * 3 + 1) {
        unsigned char *block = libc_malloc(size);
        CHECK(block);
        fill(block, size, 2);
        block = realloc(block, 2 * size + 100);
        CHECK(block && holds(block, size, 2));
        memset(block, 1, 2 * size + 100);
        free(block);
        block = libc_malloc(size);
        CHECK(block && malloc_usable_size(block) >= size);
        fill(block, size, 3);
        block = realloc(block, size / 2 + 1);
        CHECK(block && holds(block, size / 2 + 1, 3));
        free(block);
        CHECK(realloc(libc_malloc(size), 0) == NULL);
    }
    return 0;
}
