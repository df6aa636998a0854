// HAKMEM_FOREIGN_FREE=warn: realloc of glibc's block makes a copy and leaves the block, as free does; of
// what no allocator gave out it gives NULL and EINVAL. Each with one line.
// env: HAKMEM_FOREIGN_FREE=warn
// expect-stderr: "hakmem: realloc of {ptr} refused: *"
// expect-stderr: "hakmem: realloc of * left it and made a copy: *"
// flags: -Wno-free-nonheap-object
// hakmem-only
#include "check.h"

static char in_the_program[64];

int main(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    char *block = libc_malloc(100), *copy;
    fill(block, 100, 1);
    say_pointer(in_the_program);
    copy = realloc(block, 1000);
    CHECK(copy && copy != block && holds(copy, 100, 1) && holds(block, 100, 1));
    free(copy);
    errno = 0;
    CHECK(realloc(opaque(in_the_program), 100) == NULL && errno == EINVAL);
    return 0;
}
