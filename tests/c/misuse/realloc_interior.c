// realloc of a pointer into a block.
// expect: abort "hakmem: invalid realloc of {ptr}: *"
// each-args: 64 200 1024 5000 20000 65536 200000 3000000
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    size_t size = (size_t)atol(argv[1]);
    char *inside = (char *)malloc(size) + 32;
    say_pointer(inside);
    return realloc(opaque(inside), 3 * size) == NULL;
}
