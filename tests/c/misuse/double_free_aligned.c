// A block from memalign is freed twice.
// expect: abort "hakmem: double free of {ptr}" "hakmem: invalid free of {ptr}: *"
// each-args: 32 64 256 4096 65536 1048576 8388608
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    void *block = memalign((size_t)atol(argv[1]), 1000);
    CHECK(block);
    say_pointer(block);
    free(block);
    free(opaque(block));
    return 0;
}
