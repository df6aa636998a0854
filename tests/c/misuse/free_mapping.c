// free of a mapping of the program's own: it looks like a block of glibc, so glibc gets it, and
// refuses it. Never silence, never a hang.
// expect: abort
#include "../check.h"
#include <sys/mman.h>

int main(void) {
    char *page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    free(opaque(page + 4112));
    return 0;
}
