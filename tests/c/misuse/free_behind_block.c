// free of an address where a block of the same size would begin, but none was handed out: found at
// the latest when the thread ends and its bins go back to the slabs.
// expect: abort "hakmem: * free of {ptr}*"
// each-args: 16 64 736 2000 6000 20000 50000
// hakmem-only
#include "../check.h"
#include <pthread.h>

static void *frees_behind(void *size) {
    char *block = malloc((uintptr_t)size);
    CHECK(block);
    char *behind = block + 2 * malloc_usable_size(block);
    say_pointer(behind);
    free(opaque(behind));
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    CHECK(argc == 2);
    CHECK(pthread_create(&thread, NULL, frees_behind, (void *)(uintptr_t)atol(argv[1])) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    return 0;
}
