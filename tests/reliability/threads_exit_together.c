// Sixty-four threads end at the same moment, again and again, each with blocks of the others in its
// hands: memory is used again.
// usage: threads_exit_together ROUNDS
#include "process.h"

enum { THREADS = 64, BLOCKS = 32, MAY_GROW_KIB = 96 << 10 };
static pthread_barrier_t together;
static char *_Atomic shared[THREADS * BLOCKS];

static void *ends(void *number) {
    uint64_t state = (uintptr_t)number;
    for (int i = 0; i < BLOCKS * 4; i++) {
        size_t size = random_size(&state, 20000);
        char *block = malloc(size);
        CHECK(block);
        block[0] = block[size - 1] = 1;
        free(__atomic_exchange_n(&shared[next_random(&state) % (THREADS * BLOCKS)], block, __ATOMIC_ACQ_REL));
    }
    pthread_barrier_wait(&together);
    return NULL;
}

int main(int argc, char **argv) {
    int rounds = number(argv, argc, 1);
    long first = 0;
    CHECK(pthread_barrier_init(&together, NULL, THREADS) == 0);
    for (int round = 0; round < rounds; round++) {
        pthread_t threads[THREADS];
        start(threads, THREADS, ends);
        join(threads, THREADS);
        if (round == 10) first = resident_kib();
    }
    CHECK(rounds < 10 || resident_kib() < first + MAY_GROW_KIB);
    for (int i = 0; i < THREADS * BLOCKS; i++) free(shared[i]);
    return 0;
}
