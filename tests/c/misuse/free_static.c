// free of something in a loaded object: data, zero data, constants, code, of the program and of libc.
// expect: abort "hakmem: invalid free of {ptr}: *"
// each-args: data zero constant code libc
// flags: -Wno-free-nonheap-object
// hakmem-only
#include "../check.h"

static char data[64] __attribute__((aligned(16))) = "data";
static char zero[1 << 16] __attribute__((aligned(4096)));
static const char constant[64] __attribute__((aligned(16))) = "constant";

__attribute__((aligned(16))) static int code(void) { return 5; }

int main(int argc, char **argv) {
    CHECK(argc == 2 && code() == 5);
    char first = argv[1][0];
    const void *place = first == 'd'                          ? (const void *)data
                        : first == 'z'                        ? (const void *)(zero + 4096)
                        : first == 'l'                        ? (const void *)stdout
                        : argv[1][2] == 'd' && first == 'c' ? (const void *)code
                                                              : (const void *)constant;
    say_pointer(place);
    free(opaque((void *)(uintptr_t)place));
    return 0;
}
