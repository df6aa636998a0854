// A statistics file that is a FIFO without a reader: no wait, one line, and the report on stderr.
// expect: exit 0
// expect-stderr: "hakmem: cannot write statistics to unread.fifo: *"
// expect-stderr: "=== SHARED POOL LOCK STATISTICS ==="
// expect-stderr-lines: any
// hakmem-only
#include "check.h"
#include <sys/stat.h>

int main(int argc, char **argv) {
    if (argc > 1) return 0;
    CHECK(mkfifo("unread.fifo", 0600) == 0);
    CHECK(setenv("HAKMEM_SHARED_POOL_LOCK_STATS", "1", 1) == 0);
    CHECK(setenv("HAKMEM_STATS_FILE", "unread.fifo", 1) == 0);
    alarm(10); // kept by exec
    execl("/proc/self/exe", argv[0], "again", (char *)NULL);
    return 9;
}
