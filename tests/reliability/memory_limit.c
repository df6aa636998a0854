// HAKMEM_MEMORY_LIMIT=100, in MiB: small, medium, span and huge blocks are had up to about the limit, then
// NULL and ENOMEM; what one size left cached makes room for the next.
#include "process.h"
#include <fcntl.h>

enum { LIMIT_MIB = 100 };

// Without stdio, which allocates.

static size_t mib_of(size_t size) {
    size_t bytes = 0;
    void **last = NULL, **block;
    while ((block = malloc(size))) {
        *block = last;
        last = block;
        bytes += size;
        CHECK(bytes >> 20 <= LIMIT_MIB);
    }
    CHECK(errno == ENOMEM);
    CHECK(resident_kib() < (LIMIT_MIB + 16) * 1024);
    for (; last; last = block) {
        block = *last;
        free(last);
    }
    return bytes >> 20;
}

int main(void) {
    static const size_t SIZES[] = {100, 5000, 60000, 130000, 1000000, 5000000, 20000000, 100};
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
            size_t mib = mib_of(SIZES[i]);
            printf("%zu: %zu MiB\n", SIZES[i], mib);
            CHECK(mib >= LIMIT_MIB * 3 / 4);
        }
    return 0;
}
