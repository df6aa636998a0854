// memalign rounds an odd alignment up to a power of two; EINVAL only where that overflows.
#include "check.h"

int main(void) {
    static const size_t ODD[] = {0, 1, 3, 5, 17, 24, 33, 48, 100, 1000, 3000, 4097, 5000, 70000, 1500000};
    static const size_t POWER[] = {1, 1, 4, 8, 32, 32, 64, 64, 128, 1024, 4096, 8192, 8192, 131072, 2097152};
    for (size_t i = 0; i < sizeof ODD / sizeof *ODD; i++)
        for (size_t size = 0; size < 100000; size = size * 3 + 1) {
            void *block = memalign(ODD[i], size);
            CHECK(block && is_aligned(block, POWER[i]) && is_aligned(block, 16));
            memset(block, 0x5a, size);
            free(block);
        }
    static const size_t OVERFLOWS[] = {((size_t)1 << 63) + 1, (size_t)3 << 62, SIZE_MAX - 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof OVERFLOWS / sizeof *OVERFLOWS; i++) {
        errno = 0;
        CHECK(memalign(OVERFLOWS[i], 1) == NULL && errno == EINVAL);
    }
    errno = 0;
    CHECK(memalign((size_t)1 << 62, 1) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(memalign(((size_t)1 << 61) + 1, 1) == NULL && errno == ENOMEM);
    return 0;
}
