// What a bad value's message says is used is used: FOREIGN_FREE falls back to auto.
// env: HAKMEM_FOREIGN_FREE=abortt
// expect-stderr: "hakmem: HAKMEM_FOREIGN_FREE=abortt *using auto*"
// hakmem-only
#include "check.h"

int main(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    free(libc_malloc(100));
    return 0;
}
