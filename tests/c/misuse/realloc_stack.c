// realloc of a local variable.
// expect: abort "hakmem: invalid realloc of {ptr}: *"
// flags: -Wno-free-nonheap-object
// hakmem-only
#include "../check.h"

int main(void) {
    char local[256] __attribute__((aligned(16))) = "";
    say_pointer(local);
    return realloc(opaque(local), 500) == NULL;
}
