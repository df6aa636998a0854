// A nothrow operator new calls the new-handler too, and returns NULL when that gives up.
#include "check.h"
#include <new>

static int calls;
static void handler() {
    if (++calls == 2) std::set_new_handler(nullptr);
}

int main() {
    std::set_new_handler(handler);
    CHECK(opaque(::operator new(PTRDIFF_MAX, std::nothrow)) == nullptr);
    CHECK(calls == 2);
    std::set_new_handler(handler);
    calls = 0;
    CHECK(opaque(::operator new[](PTRDIFF_MAX, std::align_val_t(64), std::nothrow)) == nullptr);
    CHECK(calls == 2);
    return 0;
}
