// A C++ program loads a C++ plugin by dlopen RTLD_LOCAL: bad_alloc reaches the plugin.
// plugin: catches_bad_alloc.cc
// args: {plugin}
#include "check.h"
#include <new>
#include <string>

int main(int argc, char **argv) {
    CHECK(argc == 2 && std::string(argv[1]).size() > 3);
    void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    CHECK(plugin);
    auto catches = reinterpret_cast<int (*)(unsigned long)>(dlsym(plugin, "plugin_catches"));
    CHECK(catches && catches(100) == 0 && catches(SIZE_MAX) == 1);
    try {
        opaque(::operator new(SIZE_MAX));
    } catch (const std::bad_alloc &) {
        return 0;
    }
    return 1;
}
