// Two threads that do not own a block free it at the same time: found at the latest when
// the owner takes it back; it is not handed out twice.
// expect: abort "hakmem: double free of {ptr}" "hakmem: invalid free of {ptr}: *"
// each-args: 16 64 200 1024 5000 20000 65536 200000
// expect-stderr-lines: any
// repeat: 10
// hakmem-only
#include "../check.h"
#include <pthread.h>

static pthread_barrier_t barrier;

static void *frees(void *block) {
    pthread_barrier_wait(&barrier);
    free(block);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[2];
    int count = 0;
    CHECK(argc == 2 && pthread_barrier_init(&barrier, NULL, 2) == 0);
    size_t size = (size_t)atol(argv[1]);
    void *block = malloc(size);
    say_pointer(block);
    for (int i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, frees, block) == 0);
    for (int i = 0; i < 2; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    for (int i = 0; i < 3000; i++) count += opaque(malloc(size)) == opaque(block);
    CHECK(count < 2);
    return count;
}
