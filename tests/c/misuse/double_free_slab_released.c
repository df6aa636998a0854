// A block is freed again when everything was freed and its memory given back.
// expect: abort "hakmem: double free of {ptr}" "hakmem: invalid free of {ptr}: *"
// each-args: 16 64 200 1024 5000 20000 65536 200000 3000000
// hakmem-only
#include "../check.h"

enum { COUNT = 2000 };
static void *blocks[COUNT];

int main(int argc, char **argv) {
    CHECK(argc == 2);
    for (int i = 0; i < COUNT; i++) CHECK((blocks[i] = malloc((size_t)atol(argv[1]))));
    say_pointer(blocks[700]);
    for (int i = 0; i < COUNT; i++) free(blocks[i]);
    malloc_trim(0);
    free(opaque(blocks[700]));
    return 0;
}
