// calloc of a huge block is zero to the last byte, whatever the block held before, and makes resident what the program uses
// only: a block of 1 GiB that is asked for again and again never stands in memory.
// timeout: 60
#include "check.h"
#include <sys/resource.h>

enum { MIB = 1 << 20 };

static void check_zero(const char *block, size_t bytes) {
    for (size_t at = 0; at < bytes; at++) CHECK(block[at] == 0);
}

static void use_in_part(void) {
    for (int round = 0; round < 6; round++) {
        char *block = calloc(1024, MIB);
        CHECK(block);
        for (size_t at = 0; at < 1024u * MIB; at += 64 * MIB) CHECK(block[at] == 0);
        block[512u * MIB] = 1;
        free(block);
    }
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    CHECK(usage.ru_maxrss < 64 << 10);
}

static void use_from_end_to_end(size_t bytes) {
    for (int round = 0; round < 12; round++) {
        char *block = calloc(1, bytes);
        CHECK(block);
        check_zero(block, bytes);
        memset(block, round + 1, bytes);
        free(block);
    }
}

int main(void) {
    use_in_part();
    use_from_end_to_end(5u * MIB + 123);
    use_from_end_to_end(40u * MIB + 4095);
    use_from_end_to_end(2u * MIB + 1);
    return 0;
}
