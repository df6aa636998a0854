// What threads of a parent had at hand is not lost where a thread of the child begins with the heap of one of them:
// its first request of a size comes when there are blocks of that size already.
// hakmem-only
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>

#include "../../include/hakmem.h"

enum { THREADS = 6, BLOCKS = 10, SIZE = 16384, ROUNDS = 3 };

static pthread_barrier_t rests, all_have_one;
static int (*stats)(struct hakmem_stats *, size_t);
static size_t (*check)(void);

static void *rest(void *unused) {
    void *blocks[BLOCKS];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < BLOCKS; i++) CHECK((blocks[i] = malloc(SIZE)));
        for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    }
    pthread_barrier_wait(&rests);
    pthread_barrier_wait(&rests);
    return unused;
}

static void *take_one(void *unused) {
    void *block = malloc(SIZE);
    CHECK(block);
    pthread_barrier_wait(&all_have_one);  // each has a heap of its own
    free(block);
    return unused;
}

static uint64_t live(void) {
    struct hakmem_stats now;
    CHECK(stats(&now, sizeof now) == 0);
    return now.live_bytes;
}

static void in_child(void) {
    pthread_t threads[THREADS];
    uint64_t before = live();
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, take_one, NULL) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(live() < before + SIZE && check() == 0);
    _exit(0);
}

int main(void) {
    pthread_t threads[THREADS];
    int status = -1;
    stats = (int (*)(struct hakmem_stats *, size_t))dlsym(RTLD_DEFAULT, "hakmem_stats");
    check = (size_t (*)(void))dlsym(RTLD_DEFAULT, "hakmem_check");
    CHECK(is_served(stats) && is_served(check));
    CHECK(pthread_barrier_init(&rests, NULL, THREADS + 1) == 0 && pthread_barrier_init(&all_have_one, NULL, THREADS) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, rest, NULL) == 0);
    pthread_barrier_wait(&rests);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) in_child();
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    pthread_barrier_wait(&rests);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    return 0;
}
