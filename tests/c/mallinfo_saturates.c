// mallinfo's ints saturate: 3 GiB live reads as INT_MAX, and nothing is negative.
// hakmem-only
// flags: -Wno-deprecated-declarations
#include "check.h"
#include <limits.h>

int main(void) {
    void *block = malloc((size_t)3 << 30);  // never touched
    CHECK(block);
    struct mallinfo info = mallinfo();
    struct mallinfo2 exact = mallinfo2();
    CHECK(info.uordblks == (exact.uordblks > INT_MAX ? INT_MAX : (int)exact.uordblks));
    CHECK(info.hblkhd == (exact.hblkhd > INT_MAX ? INT_MAX : (int)exact.hblkhd));
    CHECK(info.uordblks == INT_MAX || info.hblkhd == INT_MAX);
    CHECK(info.arena >= 0 && info.ordblks >= 0 && info.smblks >= 0 && info.hblks >= 0);
    CHECK(info.usmblks >= 0 && info.fsmblks >= 0 && info.fordblks >= 0 && info.keepcost >= 0);
    free(block);
    CHECK(mallinfo().uordblks < INT_MAX);
    return 0;
}
