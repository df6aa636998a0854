// Forks from a signal handler that comes at any moment of another fork. Without threads: with them
// glibc 2.36 holds the lock of its handlers over the fork, and waits for itself under any allocator.
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

// Long handlers, so that the signal often comes inside of fork; a signal handler's fork runs them too,
// so that they must not allocate.
static void prepares(void) {
    for (volatile int i = 0; i < 200000; i++) continue;
}
static void marks_child(void) { in_child = 1; }

int main(int argc, char **argv) {
    int forks = number(argv, argc, 1);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct itimerval each = {{0, 1500}, {0, 1500}}, off = {{0, 0}, {0, 0}};
    CHECK(pthread_atfork(prepares, prepares, marks_child) == 0);
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &each, NULL) == 0);
    for (int round = 0; round < forks || inner < forks; round++) {
        free(malloc(100 * (size_t)round % 90000));
        pid_t pid = fork();
        if (pid == 0) {
            free(malloc(3000));
            _exit(0);
        }
        wait_for(pid);
    }
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    return 0;
}
