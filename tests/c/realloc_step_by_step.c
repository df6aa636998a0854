// A block that grows and shrinks in small steps keeps its content at each of them.
#include "check.h"

int main(void) {
    size_t size = 1;
    unsigned char *block = malloc(size);
    block[0] = pattern_at(0, 2);
    while (size < 400000) {
        size_t larger = size + 1 + size / 50;
        block = realloc(block, larger);
        CHECK(block && holds(block, size, 2));
        for (; size < larger; size++) block[size] = pattern_at(size, 2);
    }
    while (size > 1) {
        size -= 1 + size / 50;
        block = realloc(block, size);
        CHECK(block && holds(block, size, 2));
    }
    free(block);
    return 0;
}
