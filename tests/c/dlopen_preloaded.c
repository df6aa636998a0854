// A program under the preload also loads the library by dlopen: it is the same one.
// args: {lib}
// hakmem-only
#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    for (int round = 0; round < 10; round++) {
        void *library = dlopen(argv[1], RTLD_NOW);
        CHECK(library && dlsym(library, "malloc") == dlsym(RTLD_DEFAULT, "malloc"));
        void *block = ((void *(*)(size_t))dlsym(library, "malloc"))(1000);
        free(block);
        CHECK(dlclose(library) == 0);
    }
    free(malloc(100));
    return 0;
}
