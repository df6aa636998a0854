// realloc moved a block; the old pointer is freed.
// expect: abort "hakmem: double free of {ptr}" "hakmem: invalid free of {ptr}: *"
// each-args: 16 64 200 1024 5000 20000
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    char *block = malloc((size_t)atol(argv[1]));
    say_pointer(block);
    char *moved = realloc(block, (size_t)3 << 20);
    CHECK(moved && moved != opaque(block));
    free(opaque(block));
    return 0;
}
