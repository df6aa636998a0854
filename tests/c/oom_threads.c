// Four threads run into a limit together, over and over: NULL and ENOMEM, then all is well. The
// limit, 1 GiB of addresses, is set before the start.
#include "check.h"
#include <pthread.h>
#include <sys/resource.h>

enum { MOST = 3000, THREADS = 4 };
static int refusals;
// No thread begins before all are created: a stack is under the limit, too.
static pthread_barrier_t all_created;

static void *runs_out(void *seed) {
    uint64_t state = (uintptr_t)seed;
    static __thread void *blocks[MOST];
    pthread_barrier_wait(&all_created);
    for (int round = 0; round < 20; round++) {
        int count = 0, refused = 0;
        while (count < MOST && refused < 3) {
            errno = 0;
            blocks[count] = malloc(random_size(&state, 4 << 20));
            if (blocks[count]) *(char *)blocks[count++] = 1;
            else refused++, CHECK(errno == ENOMEM);
        }
        while (count > 0) free(blocks[--count]);
        __atomic_add_fetch(&refusals, refused, __ATOMIC_RELAXED);
    }
    return NULL;
}

int main(int argc, char **argv) {
    struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};
    pthread_t threads[THREADS];
    if (argc == 1) {
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        execl("/proc/self/exe", argv[0], "limited", (char *)NULL);
        return 9;
    }
    CHECK(pthread_barrier_init(&all_created, NULL, THREADS) == 0);
    for (uintptr_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, runs_out, (void *)(i + 1)) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(refusals > 10);
    void *block = malloc(10 << 20);
    CHECK(block);
    free(block);
    return 0;
}
