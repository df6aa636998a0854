// posix_memalign: EINVAL unless the alignment is a power of two and a multiple of sizeof(void *);
// ENOMEM for what cannot be had; *memptr is untouched by every failure.
#include "check.h"

int main(void) {
    static const size_t BAD[] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 15, 24, 40, 48, 100, 4095, 4097, 12288,
                                 ((size_t)1 << 62) + 8, SIZE_MAX - 7, SIZE_MAX, (size_t)3 << 61};
    void *untouched = (void *)0x1234;
    void *place = untouched;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        CHECK(posix_memalign(&place, BAD[i], 100) == EINVAL && place == untouched);
        CHECK(posix_memalign(&place, BAD[i], 0) == EINVAL && place == untouched);
        CHECK(posix_memalign(&place, BAD[i], SIZE_MAX) == EINVAL && place == untouched);
    }
    static const size_t TOO_LARGE[] = {PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1, SIZE_MAX - 100, SIZE_MAX};
    for (size_t alignment = 8; alignment; alignment *= 2)
        for (int i = 0; i < 4; i++)
            CHECK(posix_memalign(&place, alignment, TOO_LARGE[i]) == ENOMEM && place == untouched);
    CHECK(posix_memalign(&place, (size_t)1 << 62, 1) == ENOMEM && place == untouched);
    CHECK(posix_memalign(&place, (size_t)1 << 63, 1) == ENOMEM && place == untouched);
    return 0;
}
