// vfork and exec from a program that allocates all the time; the child shares its memory and
// may even allocate before it execs.
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>

static int stop;

static void *churn(void *unused) {
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) free(malloc(3000)), free(malloc(300000));
    return unused;
}

int main(void) {
    pthread_t thread;
    void *volatile from_child = NULL;
    CHECK(pthread_create(&thread, NULL, churn, NULL) == 0);
    for (int round = 0; round < 100; round++) {
        int status = -1;
        pid_t pid = vfork();
        CHECK(pid >= 0);
        if (pid == 0) {
            free(malloc(500));
            from_child = malloc(2000);
            execl("/bin/true", "true", (char *)NULL);
            _exit(3);
        }
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
        CHECK(from_child);
        memset(from_child, 1, 2000);
        free(from_child);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    CHECK(pthread_join(thread, NULL) == 0);
    return 0;
}
