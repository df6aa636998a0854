// A program that keeps large blocks of which it fills some and uses others in part, in turn: huge pages bring no more than as
// much again as it fills.
// timeout: 60
#include "check.h"

enum { MIB = 1 << 20, PAIRS = 40 };

/* The MiB that it makes resident, with so many in a block of each kind. */
static long resident_of(size_t dense_mib, size_t sparse_mib) {
    static char *dense[PAIRS], *sparse[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        dense[i] = malloc(dense_mib * MIB);
        CHECK(dense[i]);
        memset(dense[i], 1, dense_mib * MIB);
        sparse[i] = malloc(sparse_mib * MIB);
        CHECK(sparse[i]);
        for (size_t at = 0; at < sparse_mib * MIB; at += 2 * MIB) sparse[i][at] = 1;
    }
    long resident = resident_kib() / 1024;
    for (int i = 0; i < PAIRS; i++) {
        free(dense[i]);
        free(sparse[i]);
    }
    return resident;
}

int main(void) {
    CHECK(resident_of(4, 4) < 2 * 4 * PAIRS + 32);
    CHECK(resident_of(4, 32) < 2 * 4 * PAIRS + 32);
    // the pages that are looked at are no multiples of 2 MiB
    CHECK(resident_of(10, 100) < 2 * 10 * PAIRS + 100);
    return 0;
}
