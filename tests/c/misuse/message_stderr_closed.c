// A double free with stderr closed: nothing can be said, abort all the same.
// expect: abort
// expect-stderr-lines: 0
// hakmem-only
#include "../check.h"

int main(void) {
    void *block = malloc(100);
    CHECK(close(2) == 0);
    free(block);
    free(opaque(block));
    return 0;
}
