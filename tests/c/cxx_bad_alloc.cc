// A throwing operator new that cannot be served throws std::bad_alloc, through frames with
// destructors, again and again; it never returns NULL.
#include "check.h"
#include <initializer_list>
#include <new>
#include <string>

static int destroyed;
struct Counted {
    std::string text = std::string(100, 'x');
    ~Counted() { destroyed++; }
};

__attribute__((noinline)) static void *deep(int depth, size_t size, int form) {
    Counted local;
    if (depth > 0) return opaque(deep(depth - 1, size, form));
    switch (form) {
    case 0: return opaque(::operator new(size));
    case 1: return opaque(::operator new[](size));
    case 2: return opaque(::operator new(size, std::align_val_t(64)));
    default: return opaque(::operator new[](size, std::align_val_t(1 << 20)));
    }
}

int main() {
    int caught = 0;
    for (size_t size : {(size_t)1 << 50, (size_t)PTRDIFF_MAX, (size_t)PTRDIFF_MAX - 4096, (size_t)PTRDIFF_MAX + 1})
        for (int form = 0; form < 4; form++)
            for (int round = 0; round < 20; round++)
                try {
                    deep(10, size, form);
                    CHECK(!"returned");
                } catch (const std::bad_alloc &error) {
                    CHECK(error.what()[0] != 0);
                    caught++;
                }
    CHECK(caught == 4 * 4 * 20 && destroyed == caught * 11);
    return 0;
}
