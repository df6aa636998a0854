// Forks from a signal handler that comes at any moment of another fork, while threads allocate.
// usage: fork_nested FORKS
// flags: -Wno-deprecated-declarations
#include "process.h"
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t inner, in_child;

static void handler(int signal) {
    (void)signal;
    int saved = errno;
    if (in_child) return;
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    CHECK(pid > 0);
    int status = -1;
    while (waitpid(pid, &status, 0) != pid) CHECK(errno == EINTR);
    CHECK(status == 0);
    inner++;
    errno = saved;
}

// Long handlers, so that the signal often comes inside of fork.
static void prepares(void) {
    for (int i = 0; i < 200; i++) free(malloc(100 * (size_t)i + 1));
}
static void marks_child(void) { in_child = 1; }

int main(int argc, char **argv) {
    int forks = number(argv, argc, 1);
    pthread_t threads[2];
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct itimerval each = {{0, 1500}, {0, 1500}}, off = {{0, 0}, {0, 0}};
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    CHECK(pthread_atfork(prepares, prepares, marks_child) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, &alarms, NULL) == 0);  // the signal is for this thread alone
    start(threads, 2, churn);
    CHECK(pthread_sigmask(SIG_UNBLOCK, &alarms, NULL) == 0);
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &each, NULL) == 0);
    for (int round = 0; round < forks || inner < forks; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            free(malloc(3000));
            _exit(0);
        }
        wait_for(pid);
    }
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    __atomic_store_n(&churn_stop, 1, __ATOMIC_RELAXED);
    join(threads, 2);
    return 0;
}
