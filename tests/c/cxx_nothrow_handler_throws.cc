// A new-handler that throws under a nothrow operator new: the exception stays inside, NULL comes
// out, again and again.
#include "check.h"
#include <new>
#include <string>

static int calls;
static void handler() {
    calls++;
    if (calls % 2) throw std::bad_alloc();
    throw std::string("something else, too long for the string itself");
}

int main() {
    std::set_new_handler(handler);
    for (int round = 0; round < 100; round++) {
        CHECK(opaque(::operator new(PTRDIFF_MAX, std::nothrow)) == nullptr);
        CHECK(calls == round + 1);
    }
    return 0;
}
