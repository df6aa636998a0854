// new T[n] with a length that overflows throws bad_array_new_length; a huge one bad_alloc.
#include "check.h"
#include <new>

struct Large {
    char bytes[1000];
};

int main() {
    int caught = 0;
    volatile long huge = PTRDIFF_MAX / 100;
    try {
        opaque(new Large[(size_t)huge]);
    } catch (const std::bad_array_new_length &) {
        caught++;
    }
    huge = PTRDIFF_MAX / 2000;
    try {
        opaque(new Large[(size_t)huge]);
    } catch (const std::bad_alloc &) {
        caught++;
    }
    CHECK(caught == 2);
    return 0;
}
