// A block is freed again after others of its size were freed.
// expect: abort "hakmem: double free of {ptr}"
// each-args: 16 64 200 1024 5000 20000 65536 200000
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    void *blocks[10];
    CHECK(argc == 2);
    for (int i = 0; i < 10; i++) blocks[i] = malloc((size_t)atol(argv[1]));
    say_pointer(blocks[3]);
    for (int i = 0; i < 10; i++) free(blocks[i]);
    free(opaque(blocks[3]));
    return 0;
}
