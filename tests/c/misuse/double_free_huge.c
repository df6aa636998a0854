// A huge block, perhaps unmapped by then, is freed twice in a row.
// expect: abort "hakmem: double free of {ptr}" "hakmem: invalid free of {ptr}: *"
// each-args: 1500000 2097152 4000000 4194304 16777216 67108864 300000000
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
