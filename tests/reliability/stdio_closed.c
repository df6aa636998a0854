// stdin, stdout and stderr are closed, by whoever starts the program or by itself, with statistics and
// complaints asked for: the program's own files become descriptors 0, 1 and 2, and nothing but its
// own bytes is in them.
// usage: stdio_closed before|after
#include "process.h"
#include <fcntl.h>
#include <sys/stat.h>

static int child(int closes) {
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "own%d", i);
        if (closes) close(i);
        if (open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600) != i || write(i, "data", 4) != 4) return 8;
    }
    pthread_t threads[2];
    start(threads, 2, walk_sizes);
    join(threads, 2);
    if (!closes && getenv("TEST_SERVED_BY")) malloc_stats();  // there is no stderr, so nowhere
    return 0;
}

int main(int argc, char **argv) {
    CHECK(argc > 1);
    int closes_itself = strcmp(argv[1], "after") == 0;
    if (argc > 2) return child(closes_itself);
    pid_t pid = fork();
    if (pid == 0) {
        setenv("HAKMEM_SHARED_POOL_LOCK_STATS", "1", 1);
        setenv("HAKMEM_SS_ACQUIRE_DEBUG", "1", 1);
        setenv("HAKMEM_NO_SUCH_OPTION", "1", 1);
        setenv("HAKMEM_FOREIGN_FREE", "warn", 1);
        int null = open("/dev/null", O_WRONLY);
        if (dup2(null, 2) != 2) _exit(9);
        close(null);
        for (int i = 0; !closes_itself && i < 3; i++) close(i);
        execl("/proc/self/exe", argv[0], argv[1], "child", (char *)NULL);
        _exit(9);
    }
    wait_for(pid);
    for (int i = 0; i < 3; i++) {
        char name[16];
        struct stat own;
        snprintf(name, sizeof name, "own%d", i);
        CHECK(stat(name, &own) == 0 && own.st_size == 4);
    }
    return 0;
}
