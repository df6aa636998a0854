// free of addresses around a block: far from it in the same reserved space, never handed out.
// expect: abort "hakmem: * free of {ptr}*"
// each-args: 0x200000 0x1000000 0x4000000 0x20000000
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    uintptr_t block = (uintptr_t)malloc(100);
    void *place = (void *)(block / 16 * 16 + strtoul(argv[1], NULL, 0));
    say_pointer(place);
    free(opaque(place));
    return 0;
}
