// stderr is a broken pipe and SIGPIPE is ignored: the report is lost, the exit status is not.
// hakmem-only
// expect: exit 6
#include "check.h"
#include <signal.h>

int main(int argc, char **argv) {
    int ends[2];
    if (argc > 1) {
        free(malloc(100));
        return 6;
    }
    CHECK(pipe(ends) == 0 && dup2(ends[1], 2) == 2 && close(ends[0]) == 0 && close(ends[1]) == 0);
    CHECK(signal(SIGPIPE, SIG_IGN) == SIG_DFL);
    CHECK(setenv("HAKMEM_SHARED_POOL_LOCK_STATS", "1", 1) == 0);
    execl("/proc/self/exe", argv[0], "child", (char *)NULL);
    return 9;
}
