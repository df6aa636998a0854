// A statistics file that takes no byte (a full device): one line says so, then the report on
// stderr; the exit status stays.
// env: HAKMEM_SHARED_POOL_LOCK_STATS=1 HAKMEM_STATS_FILE=/dev/full
// expect: exit 4
// expect-stderr: "hakmem: cannot write statistics to /dev/full: *"
// expect-stderr: "=== SHARED POOL LOCK STATISTICS ==="
// expect-stderr-lines: any
// hakmem-only
#include "check.h"

int main(void) {
    free(malloc(100));
    return 4;
}
