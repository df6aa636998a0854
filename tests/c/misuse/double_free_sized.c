// free_sized of a block that is free already.
// expect: abort "hakmem: double free of {ptr}"
// each-args: 16 200 5000 65536 200000
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    void (*free_sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    CHECK(argc == 2 && free_sized);
    size_t size = (size_t)atol(argv[1]);
    void *block = malloc(size);
    say_pointer(block);
    free_sized(block, size);
    free_sized(opaque(block), size);
    return 0;
}
