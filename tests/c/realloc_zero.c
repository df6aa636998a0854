// realloc(p, 0) frees the block and returns NULL, for every size of block: doing so without end
// does not make the process grow.
#include "check.h"
#include <sys/resource.h>

int main(void) {
    static const size_t SIZES[] = {1, 40, 1000, 9000, 40000, 100000, 700000, 5000000};
    struct rusage usage;
    for (int round = 0; round < 400; round++) {
        for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
            char *block = malloc(SIZES[i]);
            CHECK(block);
            memset(block, 1, SIZES[i]);
            errno = 0;
            CHECK(realloc(block, 0) == NULL);
            CHECK(errno == 0);
        }
    }
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    CHECK(usage.ru_maxrss < 200 * 1024);  // KiB; 2.3 GiB went through
    return 0;
}
