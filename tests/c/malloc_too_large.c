// A size at or above PTRDIFF_MAX, or one that no address space holds: NULL and ENOMEM.
#include "check.h"

#define REFUSED(call) (errno = 0, (call) == NULL && errno == ENOMEM)

int main(void) {
    static const size_t SIZES[] = {
        (size_t)1 << 48, (size_t)1 << 62, PTRDIFF_MAX - 4096, PTRDIFF_MAX - 1, PTRDIFF_MAX,
        (size_t)PTRDIFF_MAX + 1, (size_t)PTRDIFF_MAX + 4097, SIZE_MAX - 65536, SIZE_MAX - 4096,
        SIZE_MAX - 4095, SIZE_MAX - 64, SIZE_MAX - 16, SIZE_MAX - 15, SIZE_MAX - 8, SIZE_MAX - 1, SIZE_MAX};
    char *kept = malloc(100);
    fill(kept, 100, 1);
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        size_t size = (size_t)(uintptr_t)opaque((void *)SIZES[i]);
        CHECK(REFUSED(malloc(size)));
        CHECK(REFUSED(calloc(1, size)));
        CHECK(REFUSED(calloc(size, 1)));
        CHECK(REFUSED(realloc(NULL, size)));
        CHECK(REFUSED(realloc(kept, size)));
        CHECK(REFUSED(reallocarray(kept, 1, size)));
        CHECK(REFUSED(memalign(64, size)));
        CHECK(REFUSED(memalign(65536, size)));
        CHECK(REFUSED(aligned_alloc(4096, size)));
        CHECK(REFUSED(valloc(size)));
        CHECK(REFUSED(pvalloc(size)));
    }
    CHECK(holds(kept, 100, 1));
    free(kept);
    return 0;
}
