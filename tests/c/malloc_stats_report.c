// malloc_stats prints the same report as HAKMEM_SHARED_POOL_LOCK_STATS=1 does at the end.
// hakmem-only
// expect-stderr: "=== SHARED POOL LOCK STATISTICS ==="
// expect-stderr: "memory: live * + cached * + free * = committed * bytes"
// expect-stderr-lines: any
#include "check.h"

int main(void) {
    malloc_stats();
    return 0;
}
