// free of a pointer into a page that may not be read.
// expect: abort "hakmem: invalid free of {ptr}: *"
// hakmem-only
#include "../check.h"
#include <sys/mman.h>

int main(void) {
    char *page = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    say_pointer(page + 4112);
    free(opaque(page + 4112));
    return 0;
}
