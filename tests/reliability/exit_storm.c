// exit() while sixteen threads allocate and free, once for each process.
// usage: exit_storm PROCESSES
#include "process.h"
#include <spawn.h>

enum { THREADS = 16 };
extern char **environ;

static void one_process(void) {
    static pthread_t threads[THREADS];
    start(threads, THREADS, churn);
    usleep((useconds_t)getpid() % 3000);
    exit(0);
}

int main(int argc, char **argv) {
    int processes = number(argv, argc, 1);
    if (argc > 2) one_process();
    char once[] = "1", child[] = "child", *arguments[] = {argv[0], once, child, NULL};
    for (int i = 0; i < processes; i++) {
        pid_t pid;
        CHECK(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ) == 0);
        wait_for(pid);
    }
    return 0;
}
