// A block is freed again after its neighbour in the bin was handed out and freed.
// expect: abort "hakmem: double free of {ptr}"
// each-args: 16 64 200 1024 5000 20000
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    size_t size = (size_t)atol(argv[1]);
    void *first = malloc(size), *second = malloc(size);
    free(first);
    free(second);
    void *third = malloc(size);
    memset(third, 0xab, size);
    void *victim = third == opaque(first) ? second : first;
    say_pointer(victim);
    free(opaque(victim));
    return 0;
}
