// A block is freed again long after: thousands of its size were freed in between, so that it is in
// no bin any more.
// expect: abort "hakmem: double free of {ptr}" "hakmem: invalid free of {ptr}: *"
// each-args: 16 64 200 1024 5000 20000 65536
// hakmem-only
#include "../check.h"

enum { COUNT = 4000 };
static void *blocks[COUNT];

int main(int argc, char **argv) {
    CHECK(argc == 2);
    for (int i = 0; i < COUNT; i++) CHECK((blocks[i] = malloc((size_t)atol(argv[1]))));
    say_pointer(blocks[5]);
    free(blocks[5]);
    for (int i = 100; i < COUNT; i++) free(blocks[i]);
    free(opaque(blocks[5]));
    // caught at once or when the bins are flushed, but before this ends
    for (int round = 0; round < 3; round++) {
        for (int i = 100; i < COUNT; i++) CHECK((blocks[i] = malloc((size_t)atol(argv[1]))));
        for (int i = 100; i < COUNT; i++) free(blocks[i]);
    }
    return 0;
}
