// realloc to 0 freed a block; it is freed again.
// expect: abort "hakmem: double free of {ptr}"
// each-args: 16 200 5000 65536
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    char *block = malloc((size_t)atol(argv[1]));
    say_pointer(block);
    CHECK(realloc(block, 0) == NULL);
    free(opaque(block));
    return 0;
}
