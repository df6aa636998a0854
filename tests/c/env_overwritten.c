// A program writes over its environment (as for a title in ps) and empties environ: the options
// are those of the start.
// env: HAKMEM_FOREIGN_FREE=ignore HAKMEM_SHARED_POOL_LOCK_STATS=1 HAKMEM_STATS_FILE=stats-%p.txt
// hakmem-only
#include "check.h"

extern char **environ;

int main(void) {
    for (char **entry = environ; *entry; entry++) memset(*entry, 'x', strlen(*entry));
    environ = NULL;
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    char *block = libc_malloc(100);
    fill(block, 100, 1);
    free(block);
    return !holds(block, 100, 1);
}
