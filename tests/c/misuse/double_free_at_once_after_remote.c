// A block that another thread has freed is freed again before its owner has taken it back: found by that free, not later,
// whether the block is with the thread that freed it first ("kept") or on its way to its owner ("sent"), and though the
// owner has used another block of the size meanwhile. Who frees again is the owner, a third thread, one that has
// freed blocks of the owner before and so takes the fast path ("warm"), or the same thread ("same").
// expect: abort "hakmem: double free of {ptr}"
// each-args: 16:kept:owner 16:sent:owner 16:kept:third 16:sent:third 16:kept:warm 16:sent:warm 16:same
// each-args: 64:kept:owner 64:sent:owner 64:kept:third 64:sent:third 64:kept:warm 64:sent:warm 64:same
// each-args: 1024:kept:owner 1024:sent:owner 1024:kept:third 1024:sent:third 1024:kept:warm 1024:sent:warm 1024:same
// each-args: 2048:kept:owner 2048:sent:owner 2048:kept:third 2048:sent:third 2048:kept:warm 2048:sent:warm 2048:same
// each-args: 5000:kept:owner 5000:sent:owner 5000:kept:third 5000:sent:third 5000:kept:warm 5000:sent:warm 5000:same
// each-args: 65536:kept:owner 65536:sent:owner 65536:kept:third 65536:sent:third 65536:kept:warm 65536:sent:warm 65536:same
// hakmem-only
#include "../check.h"
#include <pthread.h>

enum { FEW = 3 };

static pthread_barrier_t freed;
static const char *variant;
static void *few[FEW], *few_more[FEW];

static int is(const char *word) { return strstr(variant, word) != NULL; }

// A heap and a batch for the owner's blocks.
static void warm_up(void *blocks[FEW]) {
    free(opaque(malloc(64)));
    for (int i = 0; i < FEW; i++) free(blocks[i]);
}

static void *frees_again(void *block) {
    if (is("warm")) warm_up(few_more);
    free(opaque(block));
    _exit(0);
}

static void *frees(void *block) {
    if (is("warm") || is("same")) warm_up(few);
    free(block);
    if (is("same")) frees_again(block);
    if (is("kept")) {
        pthread_barrier_wait(&freed);
        for (;;) pause();
    }
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t first, third;
    CHECK(argc == 2 && pthread_barrier_init(&freed, NULL, 2) == 0);
    size_t size = (size_t)atol(variant = argv[1]);
    void *block = malloc(size), *other = malloc(size);
    for (int i = 0; i < FEW; i++) CHECK((few[i] = malloc(size)) && (few_more[i] = malloc(size)));
    say_pointer(block);
    CHECK(pthread_create(&first, NULL, frees, block) == 0);
    if (is("kept")) pthread_barrier_wait(&freed);
    else CHECK(pthread_join(first, NULL) == 0);
    free(opaque(other));
    other = malloc(size);
    CHECK(other && other != block);
    free(opaque(other));
    if (is("owner")) frees_again(block);
    CHECK(pthread_create(&third, NULL, frees_again, block) == 0 && pthread_join(third, NULL) == 0);
    return 0;
}
