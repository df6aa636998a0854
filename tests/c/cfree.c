// cfree, which old programs were linked with, frees.
// hakmem-only
#include "check.h"
#include <sys/resource.h>

int main(void) {
    void (*cfree)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "cfree");
    struct rusage usage;
    CHECK(is_served(cfree));
    cfree(NULL);
    for (int i = 0; i < 20000; i++) {
        char *block = malloc(100000);
        CHECK(block);
        memset(block, 1, 100000);
        cfree(block);
    }
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    CHECK(usage.ru_maxrss < 100 * 1024);  // KiB; 2 GB went through
    return 0;
}
