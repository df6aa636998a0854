// aligned_alloc: EINVAL for an alignment that is zero or no power of two (C23).
// hakmem-only
#include "check.h"

int main(void) {
    static const size_t BAD[] = {0, 3, 5, 6, 7, 12, 24, 100, 4095, ((size_t)1 << 62) + 1, (size_t)3 << 62, SIZE_MAX};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        errno = 0;
        CHECK(aligned_alloc((size_t)(uintptr_t)opaque((void *)BAD[i]), 64) == NULL);
        CHECK(errno == EINVAL);
    }
    return 0;
}
