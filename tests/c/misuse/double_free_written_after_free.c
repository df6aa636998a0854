// A freed block is written over, so that free's mark in it is gone, and freed again: found at the
// latest when the thread ends and its bins go back to the slabs.
// expect: abort "hakmem: double free of {ptr}" "hakmem: invalid free of {ptr}: *"
// each-args: 16 64 200 1024 5000 20000
// hakmem-only
#include "../check.h"
#include <pthread.h>

static void *frees_twice(void *size) {
    char *blocks[20];
    for (int i = 0; i < 20; i++) CHECK((blocks[i] = malloc((uintptr_t)size)));
    say_pointer(blocks[7]);
    free(blocks[7]);
    memset(opaque(blocks[7]), 0, (uintptr_t)size);
    free(opaque(blocks[7]));
    for (int i = 8; i < 20; i++) free(blocks[i]);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    CHECK(argc == 2);
    CHECK(pthread_create(&thread, NULL, frees_twice, (void *)(uintptr_t)atol(argv[1])) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    return 0;
}
