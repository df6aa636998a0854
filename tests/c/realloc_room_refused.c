// A block grows by a small step where no room for more of them can be had, but what was asked for: it gets that, and errno
// stays.
// env: HAKMEM_MEMORY_LIMIT=32
// hakmem-only
#include "check.h"

enum { HAS = 4096, WANTS = 4160, MOST = 100000 };

static void *blocks[MOST];

int main(void) {
    int count = 0;
    unsigned char *block = malloc(HAS);
    CHECK(block && malloc_usable_size(block) == HAS);
    for (int i = 0; i < HAS; i++) block[i] = pattern_at(i, 9);
    while (count < MOST && (blocks[count] = malloc(WANTS))) count++;
    CHECK(count > 1000 && count < MOST);
    for (int i = 0; i < count; i += 2) free(blocks[i]);
    errno = 77;
    CHECK((block = realloc(block, HAS + 1)) && errno == 77);
    CHECK(malloc_usable_size(block) == WANTS && holds(block, HAS, 9));
    CHECK(malloc(HAS + HAS / 4) == NULL && errno == ENOMEM);
    return 0;
}
