// Eight threads allocate while the process forks; each child frees what it got from its parent,
// allocates from four new threads, and stays small.
// usage: fork_storm FORKS
#include "process.h"

enum { THREADS = 8, CHILD_THREADS = 4, BLOCKS = 200, MAY_GROW_KIB = 48 << 10 };

static void child(unsigned char **blocks) {
    pthread_t threads[CHILD_THREADS];
    long before = resident_kib();
    for (unsigned i = 0; i < BLOCKS; i++) {
        CHECK(holds(blocks[i], 3000, i));
        free(blocks[i]);
    }
    start(threads, CHILD_THREADS, walk_sizes);
    walk_sizes(NULL);
    join(threads, CHILD_THREADS);
    size_t (*check)(void) = (size_t (*)(void))dlsym(RTLD_DEFAULT, "hakmem_check");
    if (check) CHECK(check() == 0);  // hakmem: what other threads had in their hands was put right
    CHECK(resident_kib() < before + MAY_GROW_KIB);
    exit(0);
}

int main(int argc, char **argv) {
    int forks = number(argv, argc, 1);
    pthread_t threads[THREADS];
    unsigned char *blocks[BLOCKS];
    start(threads, THREADS, churn);
    for (unsigned i = 0; i < BLOCKS; i++) {
        CHECK((blocks[i] = malloc(3000)));
        fill(blocks[i], 3000, i);
    }
    for (int round = 0; round < forks; round++) {
        pid_t pid = fork();
        if (pid == 0) child(blocks);
        wait_for(pid);
    }
    __atomic_store_n(&churn_stop, 1, __ATOMIC_RELAXED);
    join(threads, THREADS);
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    return 0;
}
