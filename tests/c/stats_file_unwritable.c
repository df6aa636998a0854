// A statistics file that cannot be opened: one line that names it, then the report on stderr; the
// exit status stays.
// env: HAKMEM_SHARED_POOL_LOCK_STATS=1
// each-env: HAKMEM_STATS_FILE=/no/such/folder/stats.txt HAKMEM_STATS_FILE=/ HAKMEM_STATS_FILE=/dev/null/%p
// expect: exit 4
// expect-stderr: "hakmem: cannot write statistics to /*: *"
// expect-stderr: "=== SHARED POOL LOCK STATISTICS ==="
// expect-stderr-lines: any
// hakmem-only
#include "check.h"

int main(void) {
    free(malloc(100));
    return 4;
}
