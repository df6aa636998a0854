// A block is freed by its owner, then by another thread, which has its heap already (a thread that
// starts later may well get the memory, and then the block is its own).
// expect: abort "hakmem: double free of {ptr}" "hakmem: invalid free of {ptr}: *"
// each-args: 16 64 200 1024 5000 20000 65536 200000 3000000
// hakmem-only
#include "../check.h"
#include <pthread.h>

static pthread_barrier_t barrier;
static void *block;

static void *frees(void *size) {
    free(malloc((uintptr_t)size));
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    free(block);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    CHECK(argc == 2 && pthread_barrier_init(&barrier, NULL, 2) == 0);
    size_t size = (size_t)atol(argv[1]);
    void *neighbours[3] = {malloc(size), block = malloc(size), malloc(size)};
    say_pointer(block);
    CHECK(pthread_create(&thread, NULL, frees, (void *)size) == 0);
    pthread_barrier_wait(&barrier);
    free(block);
    pthread_barrier_wait(&barrier);
    CHECK(pthread_join(thread, NULL) == 0);
    for (int i = 0; i < 3000; i++) opaque(malloc(size < 1000000 ? size : 16));  // drains what was posted
    return opaque(neighbours[0]) == NULL;
}
