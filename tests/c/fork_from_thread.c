// A thread other than the main one forks; its child forks again; blocks of all are freed.
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>

static void *from_main;

static void fork_down(int depth) {
    void *block = malloc(1000 * (size_t)(depth + 1));
    CHECK(block);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        free(from_main);
        free(block);
        from_main = malloc(300000);
        if (depth > 0) fork_down(depth - 1);
        exit(0);
    }
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    free(block);
}

static void *thread(void *unused) {
    for (int round = 0; round < 20; round++) fork_down(3);
    return unused;
}

int main(void) {
    pthread_t id;
    from_main = malloc(4000);
    CHECK(pthread_create(&id, NULL, thread, NULL) == 0 && pthread_join(id, NULL) == 0);
    free(from_main);
    return 0;
}
