// stdin, stdout and stderr are closed from the start, with statistics and complaints asked for: the
// program's own files become descriptors 0, 1 and 2, and nothing but its own bytes is in them.
// usage: stdio_closed
#include "process.h"
#include <fcntl.h>
#include <sys/stat.h>

static int child(void) {
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "own%d", i);
        if (open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600) != i || write(i, "data", 4) != 4) return 8;
    }
    pthread_t threads[2];
    start(threads, 2, walk_sizes);
    join(threads, 2);
    void (*print)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "malloc_stats");
    if (getenv("CALL_MALLOC_STATS") && print) print();
    return 0;
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) return child();
    pid_t pid = fork();
    if (pid == 0) {
        setenv("HAKMEM_SHARED_POOL_LOCK_STATS", "1", 1);
        setenv("HAKMEM_SS_ACQUIRE_DEBUG", "1", 1);
        setenv("HAKMEM_NO_SUCH_OPTION", "1", 1);
        setenv("CALL_MALLOC_STATS", "1", 1);
        for (int i = 0; i < 3; i++) close(i);
        execl("/proc/self/exe", "stdio_closed", "child", (char *)NULL);
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
