// The last byte of malloc_usable_size can be written and read in blocks up to 64 MiB.
#include "check.h"

int main(void) {
    for (size_t size = 60000; size <= (size_t)64 << 20; size += size / 5) {
        unsigned char *block = malloc(size);
        CHECK(block);
        size_t usable = malloc_usable_size(block);
        CHECK(usable >= size && usable - size <= size / 8 + 65536);
        unsigned char *next = malloc(size);
        CHECK(next);
        memset(next, 3, size);
        memset(block + size - 1, 4, usable - size + 1);
        CHECK(next[0] == 3 && next[size - 1] == 3);
        CHECK(block[usable - 1] == 4);
        free(next);
        free(block);
    }
    return 0;
}
