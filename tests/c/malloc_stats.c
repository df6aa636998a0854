// malloc_stats writes to stderr, and nothing to stdout.
// expect-stderr: "*0*" "*1*" "*2*" "*3*" "*4*" "*5*" "*6*" "*7*" "*8*" "*9*"
// expect-stderr-lines: any
#include "check.h"

int main(void) {
    void *block = malloc(100000);
    malloc_stats();
    free(block);
    return 0;
}
