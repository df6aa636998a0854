// A filter ends the process at any system call that docs/design.md does not name: threads allocate, free
// each other's blocks, grow to some hundred MiB, resize and trim under it.
#include "filter.h"

enum { THREADS = 4, BLOCKS = 20000 };
static const int ALLOWED[] = {SYS_mmap, SYS_munmap, SYS_mremap, SYS_madvise, SYS_mprotect, SYS_futex, SYS_sched_yield, SYS_rt_sigprocmask, SYS_clock_gettime, SYS_write, SYS_exit, SYS_exit_group};
static char *blocks[THREADS][BLOCKS];
static pthread_barrier_t turn;

static void *work(void *number) {
    size_t me = (uintptr_t)number - 1;
    uint64_t state = me;
    pthread_barrier_wait(&turn);  // the filter is set between these two
    pthread_barrier_wait(&turn);
    for (int i = 0; i < BLOCKS; i++) {
        size_t size = random_size(&state, i % 1000 ? 4000 : 5 << 20);
        CHECK((blocks[me][i] = i % 2 ? malloc(size) : calloc(1, size)));
        memset(blocks[me][i], 1, size);
    }
    pthread_barrier_wait(&turn);
    char **others = blocks[(me + 1) % THREADS];
    for (int i = 0; i < BLOCKS; i++) {
        if (i % 500 == 0) CHECK((others[i] = realloc(others[i], (size_t)i * 200 + 1)));
        free(others[i]);
    }
    malloc_trim(0);
    pthread_barrier_wait(&turn);
    for (;;) pthread_barrier_wait(&turn);
}

int main(void) {
    pthread_t threads[THREADS];
    CHECK(pthread_barrier_init(&turn, NULL, THREADS + 1) == 0);
    start(threads, THREADS, work);
    pthread_barrier_wait(&turn);
    install_filter(ALLOWED, sizeof ALLOWED / sizeof *ALLOWED, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
    for (int i = 0; i < 3; i++) pthread_barrier_wait(&turn);
    _exit(0);
}
