// A block is freed twice by a thread that does not own it.
// expect: abort "hakmem: double free of {ptr}" "hakmem: invalid free of {ptr}: *"
// each-args: 16 64 200 1024 5000 20000 65536 200000 3000000
// hakmem-only
#include "../check.h"
#include <pthread.h>

static void *frees_twice(void *block) {
    free(block);
    free(opaque(block));
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    CHECK(argc == 2);
    size_t size = (size_t)atol(argv[1]);
    void *block = malloc(size);
    say_pointer(block);
    CHECK(pthread_create(&thread, NULL, frees_twice, block) == 0 && pthread_join(thread, NULL) == 0);
    for (int i = 0; i < 3000; i++) opaque(malloc(size < 1000000 ? size : 16));
    return 0;
}
