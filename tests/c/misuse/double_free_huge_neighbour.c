// An unmapped huge block is freed again, and in the mapping below it stands what could be the header
// of a block of glibc's.
// expect: abort "hakmem: double free of {ptr}" "hakmem: invalid free of {ptr}: *"
// hakmem-only
#include "../check.h"
#include <malloc.h>

enum { BLOCK_BYTES = 50000000 };

int main(void) {
    char *high = malloc(BLOCK_BYTES), *low = malloc(BLOCK_BYTES);
    CHECK(high && low);
    say_pointer(high);
    char *end = low + malloc_usable_size(low);
    if (end == high) {
        ((size_t *)end)[-2] = 0xff0;
        ((size_t *)end)[-1] = 0x10 | 2; // of a mapping
    }
    free(high);
    free(opaque(high));
    return 0;
}
