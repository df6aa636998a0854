// A C program loads a C++ plugin, and with it libstdc++, by dlopen RTLD_LOCAL. operator new works
// there; where it would have to throw, nobody visible can: one line, then abort.
// expect: abort "hakmem: *operator new*bad_alloc*"
// plugin: catches_bad_alloc.cc
// args: {plugin}
// hakmem-only
#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    CHECK(plugin);
    int (*catches)(unsigned long) = (int (*)(unsigned long))dlsym(plugin, "plugin_catches");
    CHECK(catches && catches(100) == 0 && catches(10000000) == 0);
    return catches(SIZE_MAX);
}
