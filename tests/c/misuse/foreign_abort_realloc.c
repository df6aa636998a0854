// HAKMEM_FOREIGN_FREE=abort: realloc of a block of another allocator is fatal.
// env: HAKMEM_FOREIGN_FREE=abort
// expect: abort "hakmem: invalid realloc of {ptr}: *"
// hakmem-only
#include "../check.h"

int main(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    void *block = libc_malloc(100);
    say_pointer(block);
    return realloc(block, 200) == NULL;
}
