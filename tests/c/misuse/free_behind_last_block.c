// free and realloc of the address behind the last block of a slab, where less than a block is left, by the owner of the
// slab, by another thread ("other"), and by one that has freed blocks of the owner before ("warm").
// expect: abort "hakmem: invalid * of {ptr}: interior or misaligned pointer"
// each-args: 48:free 48:realloc 48:other 48:warm 704:free 704:realloc 704:other 704:warm 2080:free 2080:realloc 2080:other 2080:warm
// each-args: 5120:free 5120:realloc 5120:other 5120:warm 20480:free 20480:realloc 20480:other 20480:warm 57344:free 57344:realloc 57344:other 57344:warm
// hakmem-only
#include "../check.h"
#include <pthread.h>

enum { SLOT_BYTES = 64 << 10, FEWEST_BLOCKS = 16 };

enum { FEW = 3 };
static void *few[FEW];

static void *frees(void *behind) {
    free(opaque(malloc(64)));
    for (int i = 0; i < FEW; i++) free(few[i]);  // null but for "warm"
    free(opaque(behind));
    _exit(0);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    size_t size = (size_t)atol(argv[1]), slab_bytes = SLOT_BYTES;
    while (slab_bytes / size < FEWEST_BLOCKS) slab_bytes *= 2;
    char *block = malloc(size);
    CHECK(block && malloc_usable_size(block) == size && slab_bytes % size != 0);
    free(opaque(malloc(size)));  // the bin has room
    char *slab = (char *)((uintptr_t)block & ~(uintptr_t)(slab_bytes - 1));
    CHECK((size_t)(block - slab) % size == 0);
    char *behind = slab + slab_bytes / size * size;
    say_pointer(behind);
    for (int i = 0; i < FEW && strstr(argv[1], "warm"); i++) CHECK((few[i] = malloc(size)));
    if (strstr(argv[1], "other") || strstr(argv[1], "warm")) {
        pthread_t other;
        CHECK(pthread_create(&other, NULL, frees, behind) == 0 && pthread_join(other, NULL) == 0);
    }
    if (strstr(argv[1], "realloc")) CHECK(realloc(opaque(behind), size + 1));
    frees(behind);
    return 0;
}
