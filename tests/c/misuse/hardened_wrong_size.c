// HAKMEM_HARDENED=1: a sized free with a size that is not the block's is fatal.
// expect: abort "hakmem: size mismatch in sized free of {ptr}: *"
// env: HAKMEM_HARDENED=1
// each-args: 100:1000 1000:100 5000:16 60000:70000 200000:100 200000:140000 3000000:1000000 100:18446744073709551615
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    char *colon;
    void (*free_sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    CHECK(argc == 2 && free_sized);
    void *block = malloc(strtoul(argv[1], &colon, 10));
    CHECK(block && *colon == ':');
    say_pointer(block);
    free_sized(block, strtoul(colon + 1, NULL, 10));
    return 0;
}
