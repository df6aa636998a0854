// A program closes stderr, and its own file becomes descriptor 2: the report must not end up in
// that file, whether stderr was closed before the start or after.
// each-args: before after
// hakmem-only
#include "check.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int child(const char *when) {
    if (strcmp(when, "after") == 0) CHECK(close(2) == 0);
    int file = open("own.txt", O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (file != 2 || write(file, "data", 4) != 4) return 8;
    free(malloc(100));
    return 0;
}

int main(int argc, char **argv) {
    struct stat own;
    int status = -1;
    if (argc > 2) return child(argv[1]);
    CHECK(argc == 2);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK(setenv("HAKMEM_SHARED_POOL_LOCK_STATS", "1", 1) == 0);
        if (strcmp(argv[1], "before") == 0) close(2);
        execl("/proc/self/exe", argv[0], argv[1], "child", (char *)NULL);
        _exit(9);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK(stat("own.txt", &own) == 0 && own.st_size == 4);
    return 0;
}
