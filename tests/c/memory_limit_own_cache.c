// HAKMEM_MEMORY_LIMIT in MiB: a thread has used many sizes up to the limit and freed all. What its bins hold of each, and the
// slab of each class that stays against flutter, make room before it is refused a block of yet another size.
// env: HAKMEM_MEMORY_LIMIT=16
// hakmem-only
#include "check.h"

enum { MOST_BYTES = 70000, MOST = 300000, SMALL_BYTES = 64 };
static void *blocks[MOST];

int main(void) {
    unsigned random = 98;
    int count = 0;
    for (int refused = 0; refused < 100;) {
        random = random * 1103515245 + 12345;
        void *block = malloc(random / 7 % MOST_BYTES);
        if (block) blocks[count++] = block;
        refused += !block;
    }
    while (count > 0) free(blocks[--count]);
    while (count < MOST && (blocks[count] = malloc(SMALL_BYTES))) count++;
    CHECK(count > (14 << 20) / SMALL_BYTES);
    while (count > 0) free(blocks[--count]);
    return 0;
}
