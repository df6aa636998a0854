// free of an address where nothing is mapped: just unmapped, near zero, above user space.
// expect: abort "hakmem: invalid free of {ptr}: *"
// each-args: unmapped 0x10 0x1000 0x7ffffffff000 0x800000000000 0xffff800000000000 0xfffffffffffffff0
// each-args: 0x1 0xdeadbeef 0xdeadbeefdeadbee0 0x6b6b6b6b6b6b6b60
// hakmem-only
#include "../check.h"
#include <sys/mman.h>

int main(int argc, char **argv) {
    CHECK(argc == 2);
    char *page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED && munmap(page, 65536) == 0);
    void *place = argv[1][0] == 'u' ? page + 4096 : (void *)strtoul(argv[1], NULL, 0);
    say_pointer(place);
    free(opaque(place));
    return 0;
}
