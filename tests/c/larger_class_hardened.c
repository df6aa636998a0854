// Where the class tells what may have been asked for, as sized frees do in hardened mode, and where refills are of a
// fixed count, blocks of other classes do not serve.
// each-env: HAKMEM_HARDENED=1 HAKMEM_REFILL_COUNT_MID=1
// hakmem-only
#include "check.h"

int main(void) {
    void (*free_sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    CHECK(free_sized);
    unsigned char *freed = malloc(5000);
    CHECK(freed);
    free(freed);
    unsigned char *block = malloc(4200);
    CHECK(block && block != freed && malloc_usable_size(block) < 5000);
    free_sized(block, 4200);
    return 0;
}
