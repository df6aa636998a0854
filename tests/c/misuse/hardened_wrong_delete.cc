// HAKMEM_HARDENED=1: deleting a derived object through a base without a virtual destructor names a
// wrong size.
// expect: abort "hakmem: size mismatch in sized free of {ptr}: *"
// env: HAKMEM_HARDENED=1
// flags: -fsized-deallocation
// hakmem-only
#include "../check.h"

struct Base {
    long value = 1;
};
struct Derived : Base {
    char more[1000] = "";
};

int main() {
    Base *object = new Derived;
    say_pointer(object);
    delete static_cast<Base *>(opaque(object));
    return 0;
}
