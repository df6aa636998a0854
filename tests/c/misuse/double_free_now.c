// A block is freed twice in a row.
// expect: abort "hakmem: double free of {ptr}"
// each-args: 0 1 16 24 64 100 256 1000 1024 2000 4096 8192 20000 32768 60000 65536 100000 300000 1048576
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    void *block = malloc((size_t)atol(argv[1]));
    say_pointer(block);
    free(block);
    free(opaque(block));
    return 0;
}
