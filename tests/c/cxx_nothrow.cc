// The nothrow forms of operator new return NULL where memory cannot be had, and throw nothing.
#include "check.h"
#include <initializer_list>
#include <new>

int main() {
    for (size_t size : {(size_t)1 << 50, (size_t)PTRDIFF_MAX + 1, SIZE_MAX / 4 * 3}) {
        CHECK(opaque(::operator new(size, std::nothrow)) == nullptr);
        CHECK(opaque(::operator new[](size, std::nothrow)) == nullptr);
        CHECK(opaque(::operator new(size, std::align_val_t(128), std::nothrow)) == nullptr);
        CHECK(opaque(::operator new[](size, std::align_val_t(4096), std::nothrow)) == nullptr);
    }
    CHECK(opaque(::operator new(64, std::align_val_t(std::size_t(1) << 62), std::nothrow)) == nullptr);
    int *value = new (std::nothrow) int(7);
    CHECK(opaque(value) && *value == 7);
    delete value;
    return 0;
}
