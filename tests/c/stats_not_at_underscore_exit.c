// _exit ends the process without a report.
// env: HAKMEM_SHARED_POOL_LOCK_STATS=1
// hakmem-only
#include "check.h"

int main(void) {
    free(malloc(100));
    _exit(0);
}
