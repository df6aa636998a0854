// HAKMEM_MEMORY_LIMIT in MiB: a thread rests that has a quarter of its blocks free, spread over all of its slabs. Before
// another thread is refused a block of that size, malloc or calloc, it gets these.
// env: HAKMEM_MEMORY_LIMIT=64
// hakmem-only
#include "check.h"
#include <pthread.h>

enum { SIZE = 4096, KEPT = 10240, MOST = 20000 };
static void *kept[KEPT];
static pthread_barrier_t meets;

static void *rest(void *unused) {
    (void)unused;
    for (int i = 0; i < KEPT; i++) CHECK(kept[i] = malloc(SIZE));
    for (int i = 0; i < KEPT; i += 4) free(kept[i]);
    pthread_barrier_wait(&meets);
    pthread_barrier_wait(&meets);
    for (int i = 0; i < KEPT; i++) {
        if (i % 4 != 0) free(kept[i]);
    }
    return NULL;
}

static int fill_up(void *(*allocate)(size_t)) {
    static void *blocks[MOST];
    int count = 0;
    while (count < MOST && (blocks[count] = allocate(SIZE))) memset(blocks[count++], 1, SIZE);
    for (int i = 0; i < count; i++) free(blocks[i]);
    return count;
}

static void *zeroed(size_t size) {
    char *block = calloc(1, size);
    for (size_t i = 0; block && i < size; i++) CHECK(block[i] == 0);
    return block;
}

int main(void) {
    pthread_t thread;
    CHECK(pthread_barrier_init(&meets, NULL, 2) == 0);
    CHECK(pthread_create(&thread, NULL, rest, NULL) == 0);
    pthread_barrier_wait(&meets);
    // of 64 MiB 40 are the other thread's, of which 10 are free; some is metadata and what it caches
    int first = fill_up(malloc), second = fill_up(zeroed);
    CHECK(first > 7500 && second > 7500);
    pthread_barrier_wait(&meets);
    CHECK(pthread_join(thread, NULL) == 0);
    return 0;
}
