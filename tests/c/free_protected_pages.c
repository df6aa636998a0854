// free of large blocks whose pages the program has made unreadable: glibc never looks into such blocks.
// timeout: 60
#include "check.h"
#include <sys/mman.h>

enum { BLOCKS = 20, PAGE = 4096 };

static void protect_and_free(size_t bytes) {
    char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        CHECK(posix_memalign((void **)&blocks[i], PAGE, bytes) == 0);
        memset(blocks[i], 1, bytes);
        CHECK(mprotect(blocks[i] + PAGE, bytes - 2 * PAGE, PROT_NONE) == 0);
    }
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
}

int main(void) {
    protect_and_free(8 << 20);
    return 0;
}
