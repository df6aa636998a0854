// realloc of an address where nothing is mapped.
// expect: abort "hakmem: invalid realloc of {ptr}: *"
// hakmem-only
#include "../check.h"
#include <sys/mman.h>

int main(void) {
    char *page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED && munmap(page, 65536) == 0);
    say_pointer(page + 4096);
    return realloc(opaque(page + 4096), 500) == NULL;
}
