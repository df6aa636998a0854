// HAKMEM_FOREIGN_FREE=ignore: realloc copies glibc's block, growing and shrinking, and leaves it alone;
// of what no allocator gave out it gives NULL and EINVAL. Without a word.
// env: HAKMEM_FOREIGN_FREE=ignore
// flags: -Wno-free-nonheap-object
// hakmem-only
#include "check.h"

static char in_the_program[64];

int main(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    for (size_t size = 1; size < 1000000; size = size * 3 + 1) {
        unsigned char *block = libc_malloc(size), *larger, *smaller;
        fill(block, size, 2);
        larger = realloc(block, 2 * size + 100);
        smaller = realloc(block, size / 2 + 1);
        CHECK(larger && smaller && larger != block && smaller != block);
        CHECK(holds(larger, size, 2) && holds(smaller, size / 2 + 1, 2) && holds(block, size, 2));
        free(larger);
        free(smaller);
        CHECK(realloc(block, 0) == NULL && holds(block, size, 2));
    }
    CHECK(realloc(opaque(in_the_program), 100) == NULL && errno == EINVAL);
    return 0;
}
