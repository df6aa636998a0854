// A live block that carries the bytes a freed one had (copied memory) is no double free: the mark
// alone proves nothing.
// flags: -Wno-use-after-free
#include "check.h"

enum { COUNT = 500 };

int main(void) {
    unsigned char *blocks[COUNT], saved[64];
    for (size_t size = 16; size <= 70000; size = size * 2 + size / 2 + 8) {
        size_t kept = size < sizeof saved ? size : sizeof saved;
        for (int round = 0; round < 100; round++) {
            unsigned char *block = malloc(size);
            CHECK(block);
            free(block);
            unsigned char *stale = opaque(block);
            memcpy(saved, stale, kept);  // what free left in it
            unsigned char *again = malloc(size);
            CHECK(again);
            memcpy(again, saved, kept);
            free(again);
            for (int i = 0; i < COUNT && size < 3000; i++) memcpy((blocks[i] = malloc(size)), saved, kept);
            for (int i = 0; i < COUNT && size < 3000; i++) free(blocks[i]);
        }
    }
    return 0;
}
