// free of a pointer into a block: 16 bytes behind its start, in its middle, at its end.
// expect: abort "hakmem: invalid free of {ptr}: *"
// each-args: 32+16 48+16 64+32 200+16 1024+512 5000+16 5000+4096 20000+16384 65536+16 65536+32768
// each-args: 200000+65536 200000+131072 200000+4096 1000000+524288 4000000+16 4000000+65536
// each-args: 4000000+2097152 67108864+2097152 67108864+33554432 300000000+4096
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
