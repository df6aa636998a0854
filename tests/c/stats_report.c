// HAKMEM_SHARED_POOL_LOCK_STATS=1: the report on stderr when the process ends, nothing on stdout.
// env: HAKMEM_SHARED_POOL_LOCK_STATS=1
// expect-stderr: "*=== SHARED POOL LOCK STATISTICS ==="
// expect-stderr: "*acquire_slab(): * (*%)"
// expect-stderr: "*release_slab(): * (*%)"
// expect-stderr-lines: any
// hakmem-only
#include "check.h"

int main(void) {
    for (int i = 0; i < 10000; i++) free(malloc(1 + (size_t)i % 40000));
    return 0;
}
