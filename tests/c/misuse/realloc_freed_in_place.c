// realloc of a block that is free already, to a size that the block would fit.
// expect: abort "hakmem: invalid realloc of {ptr}: *"
// each-args: 16 64 200 1024 5000 20000 65536 200000 3000000
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    size_t size = (size_t)atol(argv[1]);
    void *block = malloc(size);
    say_pointer(block);
    free(block);
    return realloc(opaque(block), size - size / 8) == NULL;
}
