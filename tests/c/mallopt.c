// mallopt accepts the parameters that have a meaning here with 1, and refuses others with 0.
// hakmem-only
#include "check.h"

int main(void) {
    static const int ACCEPTED[] = {M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_PERTURB, M_ARENA_TEST, M_ARENA_MAX};
    static const int REFUSED[] = {M_MXFAST, M_NLBLKS, M_GRAIN, M_KEEP, M_TOP_PAD, M_MMAP_MAX, M_CHECK_ACTION, 0, 99, -99};
    for (size_t i = 0; i < sizeof ACCEPTED / sizeof *ACCEPTED; i++) CHECK(mallopt(ACCEPTED[i], 1 << 16) == 1);
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) CHECK(mallopt(REFUSED[i], 1) == 0);
    void *block = malloc(100), *large = malloc(1 << 20);
    CHECK(block && large);
    free(block);
    free(large);
    return 0;
}
