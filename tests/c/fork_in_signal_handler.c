// A signal handler forks while the program is in malloc or free (fork is async-signal-safe by
// POSIX-2017): whatever the child finds, nothing hangs and the parent goes on.
// flags: -Wno-deprecated-declarations
// timeout: 30
#include "check.h"
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

static volatile sig_atomic_t forks;

static void handler(int signal) {
    (void)signal;
    int saved = errno;
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    if (pid > 0) {
        int status;
        waitpid(pid, &status, 0);
        forks++;
    }
    errno = saved;
}

int main(void) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct itimerval each = {{0, 2000}, {0, 2000}};
    uint64_t state = 9;
    void *blocks[200] = {0};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &each, NULL) == 0);
    while (forks < 200) {
        void **place = &blocks[next_random(&state) % 200];
        free(*place);
        CHECK((*place = malloc(random_size(&state, 100000))));
    }
    struct itimerval off = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    for (int i = 0; i < 200; i++) free(blocks[i]);
    return 0;
}
