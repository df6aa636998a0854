// HAKMEM_FOREIGN_FREE=warn: one line that names the pointer, then the program goes on.
// env: HAKMEM_FOREIGN_FREE=warn
// expect-stderr: "hakmem: *{ptr}*"
// hakmem-only
#include "check.h"

int main(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    char *block = libc_malloc(100);
    fill(block, 100, 1);
    say_pointer(block);
    errno = 5;
    free(block);
    CHECK(errno == 5 && holds(block, 100, 1));
    free(malloc(100));
    return 0;
}
