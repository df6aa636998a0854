// A signal handler calls malloc and free although it must not: undefined, but never a deadlock.
// expect: no-hang
// timeout: 30
// hakmem-only
#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t signals;

static void handler(int signal) {
    (void)signal;
    free(malloc(100));
    free(malloc(20000));
    free(malloc(1 << 20));
    signals++;
}

int main(void) {
    struct sigaction action = {.sa_handler = handler};
    struct itimerval each = {{0, 200}, {0, 200}};
    uint64_t state = 9;
    void *blocks[500] = {0};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &each, NULL) == 0);
    while (signals < 5000) {
        void **place = &blocks[next_random(&state) % 500];
        free(*place);
        *place = malloc(random_size(&state, 200000));
    }
    return 0;
}
