// HAKMEM_HARDENED=1: free_aligned_sized with an alignment that the block does not have is fatal.
// expect: abort "hakmem: size mismatch in sized free of {ptr}: *"
// env: HAKMEM_HARDENED=1
// each-args: 1048576 3 0
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    void (*free_aligned_sized)(void *, size_t, size_t) =
        (void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");
    CHECK(argc == 2 && free_aligned_sized);
    void *block = malloc(64);
    while (is_aligned(block, 1048576)) block = malloc(64);
    say_pointer(block);
    free_aligned_sized(block, strtoul(argv[1], NULL, 10), 64);
    return 0;
}
