// Children that no fork handler prepares: of _Fork and of the raw system call, out of a program whose
// threads allocate. The child frees its parent's blocks and those of the threads, and allocates.
// usage: fork_raw fork|clone FORKS
#include "process.h"
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

enum { THREADS = 4, BLOCKS = 400, CHURNS = 3000 };
static char *_Atomic shared[BLOCKS];

// Blocks of every thread, from which anybody takes out and frees.
static void *exchanges(void *seed) {
    uint64_t state = (uintptr_t)seed;
    while (!__atomic_load_n(&churn_stop, __ATOMIC_RELAXED)) {
        size_t size = random_size(&state, 40000);
        char *block = malloc(size);
        CHECK(block);
        block[0] = block[size - 1] = 1;
        free(__atomic_exchange_n(&shared[next_random(&state) % BLOCKS], block, __ATOMIC_ACQ_REL));
    }
    return NULL;
}

static void child(unsigned char *own) {
    uint64_t state = 3;
    CHECK(holds(own, 5000, 4));
    free(own);
    for (int i = 0; i < BLOCKS; i++) free(__atomic_exchange_n(&shared[i], NULL, __ATOMIC_ACQ_REL));
    char *blocks[50] = {0};
    for (int i = 0; i < CHURNS; i++) {
        char **place = &blocks[next_random(&state) % 50];
        free(*place);
        size_t size = random_size(&state, 100000);
        CHECK((*place = malloc(size)));
        (*place)[0] = (*place)[size - 1] = 1;
    }
    malloc_trim(0);
    _exit(0);
}

static pid_t split(int raw) {
    return raw ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : _Fork();
}

int main(int argc, char **argv) {
    int forks = number(argv, argc, 2);
    pthread_t threads[THREADS];
    unsigned char *own = malloc(5000);
    CHECK(own);
    fill(own, 5000, 4);
    start(threads, THREADS, exchanges);
    for (int round = 0; round < forks; round++) {
        pid_t pid = split(strcmp(argv[1], "clone") == 0);
        if (pid == 0) child(own);
        wait_for(pid);
    }
    __atomic_store_n(&churn_stop, 1, __ATOMIC_RELAXED);
    join(threads, THREADS);
    return 0;
}
