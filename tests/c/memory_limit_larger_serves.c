// HAKMEM_MEMORY_LIMIT in MiB: all of it is in blocks of 48 bytes, every second one free. They serve requests of 16 bytes
// before those are refused.
// env: HAKMEM_MEMORY_LIMIT=16
// hakmem-only
#include "check.h"

enum { MOST = 400000 };
static void *blocks[MOST], *smaller[MOST];

int main(void) {
    int count = 0, served = 0;
    while (count < MOST && (blocks[count] = malloc(48))) count++;
    for (int i = 0; i < count; i += 2) free(blocks[i]);
    while (served < MOST && (smaller[served] = malloc(16))) served++;
    CHECK(served > count / 4);
    while (served > 0) free(smaller[--served]);
    for (int i = 1; i < count; i += 2) free(blocks[i]);
    return 0;
}
