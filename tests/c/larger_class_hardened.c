// Where the class tells what may have been asked for, as sized frees do in hardened mode, and where refills are of a
// fixed count, blocks of other classes do not serve.
// each-env: HAKMEM_HARDENED=1 HAKMEM_REFILL_COUNT_MID=1 HAKMEM_REFILL_COUNT_SMALL=4
// hakmem-only
#include "check.h"

static void must_not_serve(size_t larger, size_t smaller) {
    void (*free_sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    CHECK(free_sized);
    unsigned char *freed = malloc(larger);
    CHECK(freed);
    free(freed);
    unsigned char *block = malloc(smaller);
    CHECK(block && block != freed && malloc_usable_size(block) < larger);
    free_sized(block, smaller);
}

int main(void) {
    int is_hardened = getenv("HAKMEM_HARDENED") != NULL;
    if (is_hardened || getenv("HAKMEM_REFILL_COUNT_MID")) {
        must_not_serve(5000, 4200);
    }
    if (is_hardened || getenv("HAKMEM_REFILL_COUNT_SMALL")) {
        must_not_serve(700, 600);
    }
    return 0;
}
