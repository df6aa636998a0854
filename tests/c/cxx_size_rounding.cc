// A size so large that rounding it up to the alignment would overflow: bad_alloc or NULL, never a
// small block.
// hakmem-only
#include "check.h"
#include <new>

static int throws(size_t below, size_t alignment, int array) {
    try {
        opaque(array ? ::operator new[](SIZE_MAX - below, std::align_val_t(alignment))
                     : ::operator new(SIZE_MAX - below, std::align_val_t(alignment)));
        return 0;
    } catch (const std::bad_alloc &) {
        return 1;
    }
}

int main() {
    for (size_t below = 0; below < 70000; below = below * 2 + 1)
        for (size_t alignment = 16; alignment <= 65536; alignment *= 4) {
            CHECK(throws(below, alignment, 0) && throws(below, alignment, 1));
            CHECK(!opaque(::operator new(SIZE_MAX - below, std::align_val_t(alignment), std::nothrow)));
            CHECK(!opaque(::operator new[](SIZE_MAX - below, std::align_val_t(alignment), std::nothrow)));
        }
    return 0;
}
