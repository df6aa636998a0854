// A product that overflows: NULL and ENOMEM from calloc.
#include "check.h"

static void refused(size_t count, size_t size) {
    errno = 0;
    CHECK(calloc(count, size) == NULL);
    CHECK(errno == ENOMEM);
    errno = 0;
    CHECK(calloc(size, count) == NULL);
    CHECK(errno == ENOMEM);
}

int main(void) {
    volatile size_t half = (size_t)1 << 32, max = SIZE_MAX;
    refused(half, half);          // the product is 0 modulo 2^64
    refused(half, half + 1);      // a small number modulo 2^64
    refused(half + 1, half - 1);  // 2^64 - 1, no overflow, too large
    refused(max, 2);
    refused(max, max);
    refused(max / 2 + 1, 2);      // 0 modulo 2^64
    refused(max / 3 + 1, 3);      // 2 modulo 2^64
    refused(max / 16 + 2, 16);    // 16 modulo 2^64
    return 0;
}
