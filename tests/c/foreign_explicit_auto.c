// HAKMEM_FOREIGN_FREE=auto, said explicitly: silent.
// env: HAKMEM_FOREIGN_FREE=auto
#include "check.h"

int main(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    for (size_t size = 0; size < 1000000; size = size * 2 + 1) free(libc_malloc(size));
    return 0;
}
