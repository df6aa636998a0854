// A forked child frees a block twice that the parent allocated: the child aborts, the parent not.
// expect-stderr: "hakmem: double free of {ptr}"
// each-args: 16 200 5000
// hakmem-only
#include "../check.h"
#include <sys/wait.h>

int main(int argc, char **argv) {
    CHECK(argc == 2);
    int status = 0;
    void *block = malloc((size_t)atol(argv[1]));
    say_pointer(block);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        free(block);
        free(opaque(block));
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == 6);
    free(block);
    return 0;
}
