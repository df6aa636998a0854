// stderr is closed from the start: bad values and the report go nowhere, the program runs well.
// hakmem-only
#include "check.h"
#include <fcntl.h>

int main(int argc, char **argv) {
    if (argc == 1) {
        CHECK(setenv("HAKMEM_SHARED_POOL_LOCK_STATS", "1", 1) == 0);
        CHECK(setenv("HAKMEM_NO_SUCH_OPTION", "1", 1) == 0 && setenv("HAKMEM_STAGE1", "bad", 1) == 0);
        CHECK(close(2) == 0);
        execl("/proc/self/exe", argv[0], "child", (char *)NULL);
        return 9;
    }
    CHECK(fcntl(2, F_GETFD) == -1);
    for (int i = 0; i < 10000; i++) free(malloc(1 + (size_t)i % 40000));
    return 0;
}
