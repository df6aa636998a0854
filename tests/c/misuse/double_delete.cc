// delete twice, and delete[] after delete.
// expect: abort "hakmem: double free of {ptr}"
// each-args: single array
// hakmem-only
#include "../check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    long *block = new long(5);
    say_pointer(block);
    delete static_cast<long *>(opaque(block));
    if (argv[1][0] == 's') delete static_cast<long *>(opaque(block));
    else delete[] static_cast<long *>(opaque(block));
    return 0;
}
