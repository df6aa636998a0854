// A fork at any instruction of threads that work with slabs, spans and huge blocks: in each child the heap is sound
// (hakmem_check), and serves; also where a signal comes in the midst of fork, whose handler frees and allocates.
// timeout: 120
#include "check.h"
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>

enum { THREADS = 6, PLACES = 48, FORKS = 200, SIGNALS = 100 };

static _Atomic(void *) shared_places[PLACES];
static atomic_bool is_over;

// What the thread with this number works with: blocks that others free, spans that move and grow, mappings.
static size_t some_size(uint64_t *state, unsigned number) {
    static const size_t largest[] = {2000, 60000, 400000, 900000, 3 << 20, 9 << 20};
    return random_size(state, largest[number % 6]);
}

static void work(uintptr_t number, int rounds) {
    uint64_t state = number + 7;
    for (int round = 0; round != rounds && !is_over; round++) {
        size_t size = some_size(&state, (unsigned)number);
        char *block = malloc(size);
        if (!block) continue;
        block[0] = block[size - 1] = 1;
        if (next_random(&state) % 4 == 0) {
            char *other = realloc(block, some_size(&state, (unsigned)number));
            block = other ? other : block;
        }
        free(atomic_exchange(&shared_places[next_random(&state) % PLACES], block));
        if (next_random(&state) % 256 == 0) sched_yield();
    }
}

static void *works(void *number) {
    work((uintptr_t)number, -1);
    return NULL;
}

static void *lives_shortly(void *unused) {
    for (uintptr_t number = 0; number < 6; number++) work(number, 40);
    return unused;
}

// Threads that come, and go with what they have.
static void *comes_and_goes(void *unused) {
    while (!is_over) {
        pthread_t id;
        CHECK(pthread_create(&id, NULL, lives_shortly, unused) == 0 && pthread_join(id, NULL) == 0);
    }
    return unused;
}

static void frees_and_allocates(int signal_number) {
    static uint64_t state = 3;
    void *block = malloc(some_size(&state, (unsigned)signal_number));
    free(atomic_exchange(&shared_places[next_random(&state) % PLACES], block));
}

// Signals that find the child in its fork handlers, and later.
static void disturb(pid_t pid) {
    for (int i = 0; i != SIGNALS; i++) CHECK(kill(pid, SIGUSR1) == 0);
}

static void check_child(size_t (*contradictions)(void), int round) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL); // the check itself is of a heap in which nobody works
    size_t before = contradictions ? contradictions() : 0;
    if (before) fprintf(stderr, "fork %d: %zu contradictions in the child\n", round, before);
    for (int i = 0; i < PLACES; i++) free(atomic_exchange(&shared_places[i], NULL));
    void *blocks[64];
    uint64_t state = (uint64_t)round;
    for (unsigned i = 0; i < 64; i++) CHECK((blocks[i] = malloc(some_size(&state, i))));
    for (unsigned i = 0; i < 64; i++) free(blocks[i]);
    size_t after = contradictions ? contradictions() : 0;
    if (after) fprintf(stderr, "fork %d: %zu contradictions after work\n", round, after);
    _exit(before || after ? 3 : 0);
}

int main(void) {
    size_t (*contradictions)(void) = (size_t(*)(void))dlsym(RTLD_DEFAULT, "hakmem_check");
    pthread_t threads[THREADS], coming;
    for (uintptr_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, works, (void *)i) == 0);
    CHECK(pthread_create(&coming, NULL, comes_and_goes, NULL) == 0);
    CHECK(signal(SIGUSR1, frees_and_allocates) != SIG_ERR);
    int torn = 0;
    for (int round = 0; round < FORKS; round++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) check_child(contradictions, round);
        if (round % 2) disturb(pid);
        int status = -1;
        CHECK(waitpid(pid, &status, 0) == pid);
        torn += status != 0;
    }
    is_over = true;
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(pthread_join(coming, NULL) == 0);
    CHECK(!contradictions || contradictions() == 0);
    CHECK(torn == 0);
    return 0;
}
