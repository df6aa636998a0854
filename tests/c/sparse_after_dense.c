// A program that has used large blocks from end to end, and then has many of which it uses little: huge pages bring no more
// than it had before.
// timeout: 60
#include "check.h"

enum { MIB = 1 << 20, DENSE = 20, SPARSE = 400 };

static long resident_mib(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    CHECK(file && fscanf(file, "%*d %ld", &pages) == 1 && fclose(file) == 0);
    return pages / 256;
}

int main(void) {
    static char *blocks[SPARSE];
    for (int i = 0; i < DENSE; i++) {
        blocks[i] = malloc(5 * MIB);
        CHECK(blocks[i]);
        memset(blocks[i], 1, 5 * MIB);
    }
    for (int i = 0; i < DENSE; i++) free(blocks[i]);
    for (int i = 0; i < SPARSE; i++) {
        blocks[i] = malloc(6 * MIB);
        CHECK(blocks[i]);
        for (size_t at = 0; at < 6 * MIB; at += 2 * MIB) blocks[i][at] = 1;
    }
    CHECK(resident_mib() < 250);
    for (int i = 0; i < SPARSE; i++) free(blocks[i]);
    return 0;
}
