// Children that share the memory of their parent: with CLONE_VFORK on the parent's TLS, and beside the
// running parent with TLS of their own. Blocks go both ways; threads allocate all the while.
// usage: clone_vm vfork|tls ROUNDS
#include "process.h"
#include <sched.h>
#include <signal.h>

enum { BLOCKS = 100, STACK = 256 << 10 };
static char *theirs[BLOCKS];
static char *ours[BLOCKS];

static int child(void *unused) {
    (void)unused;
    for (size_t i = 0; i < BLOCKS; i++) {
        free(ours[i]);
        free(malloc(i * 3000));
        theirs[i] = malloc(50 + i * 100);
        if (!theirs[i]) return 1;
        memset(theirs[i], 3, 50 + i * 100);
    }
    return 0;
}

// A thread control block as ld.so makes them, and what glibc keeps in it for the running thread.
static void *new_tls(void *(*allocate)(void *)) {
    uintptr_t *mine, *block = allocate(NULL);
    CHECK(block);
    __asm__("mov %%fs:0, %0" : "=r"(mine));
    block[0] = block[2] = (uintptr_t)block;  // itself, as tcb and as thread
    block[5] = mine[5];                      // stack guard
    block[6] = mine[6];                      // pointer guard
    return block;
}

int main(int argc, char **argv) {
    int rounds = number(argv, argc, 2), own_tls = strcmp(argv[1], "tls") == 0;
    void *(*allocate)(void *) = (void *(*)(void *))dlsym(RTLD_DEFAULT, "_dl_allocate_tls");
    void (*release)(void *, int) = (void (*)(void *, int))dlsym(RTLD_DEFAULT, "_dl_deallocate_tls");
    if (own_tls && (!allocate || !release)) skip("ld.so has no _dl_allocate_tls");
    pthread_t threads[2];
    char *stack = malloc(STACK);
    CHECK(stack);
    start(threads, 2, churn);
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < BLOCKS; i++) CHECK((ours[i] = malloc(i * 300)));
        void *tls = own_tls ? new_tls(allocate) : NULL;
        int flags = CLONE_VM | SIGCHLD | (own_tls ? CLONE_SETTLS : CLONE_VFORK);
        pid_t pid = clone(child, stack + STACK, flags, NULL, NULL, tls, NULL);
        CHECK(pid > 0);
        if (own_tls) walk_sizes(NULL);
        wait_for(pid);
        if (own_tls) release(tls, 1);
        for (size_t i = 0; i < BLOCKS; i++) {
            CHECK(theirs[i][0] == 3 && theirs[i][49 + i * 100] == 3);
            free(theirs[i]);
        }
    }
    __atomic_store_n(&churn_stop, 1, __ATOMIC_RELAXED);
    join(threads, 2);
    free(stack);
    return 0;
}
