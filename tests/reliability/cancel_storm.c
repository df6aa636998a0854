// Threads are cancelled (deferred) at any moment of their allocating and freeing: each ends at its
// own pthread_testcancel, with its blocks in its hands, which its clean-up handler frees.
// usage: cancel_storm ROUNDS
// flags: -fexceptions
#include "process.h"
#include <malloc.h>

// What an allocator keeps warm is no growth: it is asked to give that back first, and may not hear.
enum { THREADS = 16, BLOCKS = 20, MAY_GROW_KIB = 96 << 10 };
static int ended_elsewhere;

struct hands {
    char *blocks[BLOCKS];
    int at_the_point;
};

static void clean_up(void *argument) {
    struct hands *hands = argument;
    if (!hands->at_the_point) __atomic_store_n(&ended_elsewhere, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < BLOCKS; i++) free(hands->blocks[i]);
}

static void *works(void *seed) {
    uint64_t state = (uintptr_t)seed;
    struct hands hands = {0};
    pthread_cleanup_push(clean_up, &hands);
    for (;;) {
        for (int i = 0; i < BLOCKS; i++) {
            size_t size = random_size(&state, i % 8 ? 10000 : 2 << 20);
            CHECK((hands.blocks[i] = realloc(hands.blocks[i], size)));
            hands.blocks[i][size - 1] = 1;
        }
        hands.at_the_point = 1;
        pthread_testcancel();
        hands.at_the_point = 0;
    }
    pthread_cleanup_pop(1);
    return NULL;
}

int main(int argc, char **argv) {
    int rounds = number(argv, argc, 1);
    long first = 0;
    for (int round = 0; round < rounds; round++) {
        pthread_t threads[THREADS];
        start(threads, THREADS, works);
        usleep(2000);
        for (int i = 0; i < THREADS; i++) CHECK(pthread_cancel(threads[i]) == 0);
        for (int i = 0; i < THREADS; i++) {
            void *result = NULL;
            CHECK(pthread_join(threads[i], &result) == 0 && result == PTHREAD_CANCELED);
        }
        if (round == 10) malloc_trim(0), first = resident_kib();
    }
    CHECK(!ended_elsewhere);
    malloc_trim(0);
    CHECK(rounds < 10 || resident_kib() < first + MAY_GROW_KIB);
    return 0;
}
