// A request of no bytes gives a unique pointer that free takes, from every function.
#include "check.h"

int main(void) {
    enum { COUNT = 14 };
    void *blocks[COUNT];
    int n = 0;
    blocks[n++] = malloc(0);
    blocks[n++] = malloc(0);
    blocks[n++] = calloc(0, 8);
    blocks[n++] = calloc(8, 0);
    blocks[n++] = calloc(0, 0);
    blocks[n++] = calloc(0, SIZE_MAX);
    blocks[n++] = realloc(NULL, 0);
    blocks[n++] = reallocarray(NULL, 0, 16);
    blocks[n++] = memalign(64, 0);
    blocks[n++] = aligned_alloc(256, 0);
    blocks[n++] = valloc(0);
    blocks[n++] = pvalloc(0);
    CHECK(posix_memalign(&blocks[n++], 8, 0) == 0);
    CHECK(posix_memalign(&blocks[n++], 4096, 0) == 0);
    CHECK(n == COUNT);
    for (int i = 0; i < COUNT; i++) {
        CHECK(blocks[i] != NULL);
        for (int k = 0; k < i; k++) CHECK(blocks[i] != blocks[k]);
    }
    for (int i = 0; i < COUNT; i++) free(blocks[i]);
    return 0;
}
