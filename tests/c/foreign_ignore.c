// HAKMEM_FOREIGN_FREE=ignore: a foreign pointer is left alone, without a word, even one that no
// allocator ever gave out.
// env: HAKMEM_FOREIGN_FREE=ignore
// hakmem-only
// flags: -Wno-free-nonheap-object
#include "check.h"

static char in_the_program[64];

int main(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    char *block = libc_malloc(100), on_the_stack[64] = "";
    fill(block, 100, 1);
    free(block);
    free(opaque(in_the_program));
    free(opaque(on_the_stack));
    CHECK(holds(block, 100, 1));
    free(malloc(100));
    return 0;
}
