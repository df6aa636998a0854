// Handlers of pthread_atfork allocate and fork themselves, in parent and child, while threads
// allocate.
// usage: fork_in_atfork FORKS
#include "process.h"

static int depth;
static char *block;

static void forks_again(void) {
    for (size_t size = 10; size < 1000000; size *= 4) free(malloc(size));
    CHECK((block = realloc(block, 5000)));
    if (depth++ == 0) {
        pid_t pid = fork();
        if (pid == 0) {
            free(block);
            free(malloc(70000));
            _exit(0);
        }
        wait_for(pid);
    }
    depth--;
}

int main(int argc, char **argv) {
    int forks = number(argv, argc, 1);
    pthread_t threads[3];
    CHECK(pthread_atfork(forks_again, forks_again, forks_again) == 0);
    start(threads, 3, churn);
    for (int round = 0; round < forks; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            free(block);
            exit(0);
        }
        wait_for(pid);
    }
    __atomic_store_n(&churn_stop, 1, __ATOMIC_RELAXED);
    join(threads, 3);
    free(block);
    return 0;
}
