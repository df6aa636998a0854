// A block that another thread has freed is freed again before its owner has taken it back: found by that free, not later,
// whether the block is with the thread that freed it first ("kept") or on its way to its owner ("sent"), and though the
// owner has used another block of the size meanwhile.
// expect: abort "hakmem: double free of {ptr}"
// each-args: 16:kept:owner 16:sent:owner 16:kept:third 16:sent:third
// each-args: 64:kept:owner 64:sent:owner 64:kept:third 64:sent:third
// each-args: 1024:kept:owner 1024:sent:owner 1024:kept:third 1024:sent:third
// each-args: 2048:kept:owner 2048:sent:owner 2048:kept:third 2048:sent:third
// each-args: 5000:kept:owner 5000:sent:owner 5000:kept:third 5000:sent:third
// each-args: 65536:kept:owner 65536:sent:owner 65536:kept:third 65536:sent:third
// hakmem-only
#include "../check.h"
#include <pthread.h>

static pthread_barrier_t freed;
static int is_kept;

static void *frees(void *block) {
    free(block);
    if (is_kept) {
        pthread_barrier_wait(&freed);
        for (;;) pause();
    }
    return NULL;
}

static void *frees_again(void *block) {
    free(opaque(block));
    _exit(0);
}

int main(int argc, char **argv) {
    pthread_t first, third;
    CHECK(argc == 2 && pthread_barrier_init(&freed, NULL, 2) == 0);
    size_t size = (size_t)atol(argv[1]);
    is_kept = strstr(argv[1], "kept") != NULL;
    void *block = malloc(size), *other = malloc(size);
    say_pointer(block);
    CHECK(pthread_create(&first, NULL, frees, block) == 0);
    if (is_kept) pthread_barrier_wait(&freed);
    else CHECK(pthread_join(first, NULL) == 0);
    free(opaque(other));
    other = malloc(size);
    CHECK(other && other != block);
    free(opaque(other));
    if (strstr(argv[1], "owner")) frees_again(block);
    CHECK(pthread_create(&third, NULL, frees_again, block) == 0 && pthread_join(third, NULL) == 0);
    return 0;
}
