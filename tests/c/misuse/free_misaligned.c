// free of a pointer that is no multiple of 16.
// expect: abort "hakmem: invalid free of {ptr}: interior or misaligned pointer"
// each-args: 16+1 16+8 24+4 64+8 1000+15 5000+1 30000+8 65536+8 200000+8 1048576+1 3000000+8 67108864+4
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    char *plus;
    CHECK(argc == 2);
    size_t size = strtoul(argv[1], &plus, 10);
    char *block = malloc(size);
    CHECK(block && *plus == '+');
    char *inside = block + strtoul(plus + 1, NULL, 10);
    say_pointer(inside);
    free(opaque(inside));
    return 0;
}
