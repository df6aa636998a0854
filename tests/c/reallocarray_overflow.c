// A product that overflows: NULL and ENOMEM from reallocarray, the old block stays as it was.
#include "check.h"

int main(void) {
    volatile size_t half = (size_t)1 << 32, max = SIZE_MAX;
    const size_t counts[] = {half, half, max, max / 2 + 1, max / 3 + 1, 16};
    const size_t sizes[] = {half, half + 1, 2, 2, 3, max / 16 + 2};
    static const size_t OLD[] = {1, 100, 5000, 50000, 200000, 3000000};
    for (size_t k = 0; k < sizeof OLD / sizeof *OLD; k++) {
        char *block = malloc(OLD[k]);
        fill(block, OLD[k], 3);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            errno = 0;
            CHECK(reallocarray(block, counts[i], sizes[i]) == NULL);
            CHECK(errno == ENOMEM);
            errno = 0;
            CHECK(reallocarray(NULL, counts[i], sizes[i]) == NULL);
            CHECK(errno == ENOMEM);
        }
        CHECK(holds(block, OLD[k], 3));
        free(block);
    }
    return 0;
}
