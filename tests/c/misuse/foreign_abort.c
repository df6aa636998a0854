// HAKMEM_FOREIGN_FREE=abort: a block of another allocator is fatal.
// env: HAKMEM_FOREIGN_FREE=abort
// expect: abort "hakmem: invalid free of {ptr}: not allocated by this process"
// hakmem-only
#include "../check.h"

int main(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    void *block = libc_malloc(100);
    say_pointer(block);
    free(block);
    return 0;
}
