// A program that has used large blocks from end to end, and then has many of which it uses little: huge pages bring no more
// than it had before, whether it freed the first ones or has them still.
// timeout: 60
#include "check.h"

enum { MIB = 1 << 20, DENSE = 20, SPARSE = 400 };

/* The MiB that blocks used in part make resident, after others that are freed before them or afterwards. */
static long resident_of_sparse(int is_freed_before) {
    static char *dense[DENSE], *sparse[SPARSE];
    for (int i = 0; i < DENSE; i++) {
        dense[i] = malloc(5 * MIB);
        CHECK(dense[i]);
        memset(dense[i], 1, 5 * MIB);
    }
    for (int i = 0; is_freed_before && i < DENSE; i++) free(dense[i]);
    for (int i = 0; i < SPARSE; i++) {
        sparse[i] = malloc(6 * MIB);
        CHECK(sparse[i]);
        for (size_t at = 0; at < 6 * MIB; at += 2 * MIB) sparse[i][at] = 1;
    }
    long resident = resident_kib() / 1024;
    for (int i = 0; !is_freed_before && i < DENSE; i++) free(dense[i]);
    for (int i = 0; i < SPARSE; i++) free(sparse[i]);
    return resident;
}

int main(void) {
    CHECK(resident_of_sparse(0) < 250);
    CHECK(resident_of_sparse(1) < 250);
    return 0;
}
