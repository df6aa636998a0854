// Each process forks the next in the midst of its threads' work and waits for it. The child frees
// what the threads had, and starts threads of its own: whatever generation it is, it is no larger
// than one of the first.
// usage: fork_chain GENERATIONS
#include "process.h"

enum { THREADS = 4, LIVE = 1000, FIRST = 10, MAY_GROW_KIB = 48 << 10 };

static char *blocks[THREADS + 1][LIVE];

// A place is empty while its block is in this thread's hands: the fork loses that one alone.
static void replace(char **place, uint64_t *state) {
    size_t size = 1000 + next_random(state) % 4000;
    free(__atomic_exchange_n(place, NULL, __ATOMIC_RELAXED));
    char *block = malloc(size);
    CHECK(block);
    memset(block, 1, size);
    __atomic_store_n(place, block, __ATOMIC_RELAXED);
}

static void *fills(void *number) {
    uint64_t state = (uintptr_t)number;
    while (!__atomic_load_n(&churn_stop, __ATOMIC_RELAXED))
        replace(&blocks[(uintptr_t)number][next_random(&state) % LIVE], &state);
    return NULL;
}

static void run_generation(uint64_t *state) {
    pthread_t threads[THREADS];
    start(threads, THREADS, fills);
    for (int i = 0; i < 5 * LIVE; i++) replace(&blocks[0][next_random(state) % LIVE], state);
    pid_t pid = fork();
    if (pid == 0) return;
    __atomic_store_n(&churn_stop, 1, __ATOMIC_RELAXED);
    join(threads, THREADS);
    wait_for(pid);
    _exit(0);
}

int main(int argc, char **argv) {
    int generations = number(argv, argc, 1);
    long first = 0;
    uint64_t state = 5;
    for (int generation = 1; generation <= generations; generation++) {
        run_generation(&state);
        for (int thread = 0; thread <= THREADS; thread++)
            for (int i = 0; i < LIVE; i++) free(__atomic_exchange_n(&blocks[thread][i], NULL, __ATOMIC_RELAXED));
        if (generation == FIRST) first = resident_kib();
    }
    CHECK(generations < FIRST || resident_kib() < first + MAY_GROW_KIB);
    return 0;
}
