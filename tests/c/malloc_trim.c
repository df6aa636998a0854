// malloc_trim(0) gives free memory back: after 200 MB of small, medium and large blocks are freed
// the resident set is small again, and the heap works on.
#include "check.h"

enum { COUNT = 30000 };
static char *blocks[COUNT];

int main(void) {
    static const size_t SIZES[] = {100, 1000, 9000, 100, 20000};
    long before = resident_kib();
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            size_t size = SIZES[i % 5];
            CHECK((blocks[i] = malloc(size)));
            memset(blocks[i], 1, size);
        }
        CHECK(resident_kib() > before + 150000);
        for (int i = 0; i < COUNT; i++) free(blocks[i]);
        int released = malloc_trim(0);
        CHECK(released == 0 || released == 1);
        CHECK(resident_kib() < before + 20000);
    }
    int released = malloc_trim(SIZE_MAX);
    CHECK(released == 0 || released == 1);
    return 0;
}
