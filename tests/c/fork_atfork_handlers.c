// pthread_atfork handlers that allocate and free, before and after fork, in parent and child.
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>

static char *block;

static void prepare(void) {
    free(block);
    CHECK((block = malloc(70000)));
}
static void after(void) {
    for (size_t size = 8; size < 1000000; size *= 5) free(malloc(size));
    CHECK((block = realloc(block, 200)));
}

int main(void) {
    CHECK(pthread_atfork(prepare, after, after) == 0);
    for (int round = 0; round < 100; round++) {
        int status = -1;
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) exit(0);
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
    free(block);
    return 0;
}
