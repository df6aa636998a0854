// A throwing operator new that fails calls the new-handler until it gives up: here the handler
// removes itself at the third call, and std::bad_alloc follows.
#include "check.h"
#include <new>

static int calls;
static void handler() {
    if (++calls == 3) std::set_new_handler(nullptr);
}

static void fails(int form) {
    calls = 0;
    std::set_new_handler(handler);
    try {
        switch (form) {
        case 0: opaque(::operator new(PTRDIFF_MAX)); break;
        case 1: opaque(::operator new[](PTRDIFF_MAX)); break;
        case 2: opaque(::operator new(PTRDIFF_MAX, std::align_val_t(64))); break;
        default: opaque(::operator new[](PTRDIFF_MAX, std::align_val_t(64)));
        }
        CHECK(!"returned");
    } catch (const std::bad_alloc &) {
    }
    CHECK(calls == 3);
}

int main() {
    for (int round = 0; round < 5; round++)
        for (int form = 0; form < 4; form++) fails(form);
    return 0;
}
