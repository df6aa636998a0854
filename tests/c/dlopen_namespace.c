// A second copy in a namespace of its own (dlmopen) keeps its heap apart and works.
// args: {lib}
// hakmem-only
#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2);
    void *library = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) check_failed(dlerror(), __LINE__, "dlmopen");
    void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(library, "malloc");
    void (*release)(void *) = (void (*)(void *))dlsym(library, "free");
    CHECK(allocate && release && (void *)allocate != dlsym(RTLD_DEFAULT, "malloc"));
    for (size_t size = 1; size < 5000000; size = size * 3 + 1) {
        char *theirs = allocate(size), *ours = malloc(size);
        CHECK(theirs && ours && theirs != ours);
        memset(theirs, 1, size);
        memset(ours, 2, size);
        CHECK(theirs[size - 1] == 1 && ours[0] == 2);
        release(theirs);
        free(ours);
    }
    return 0;
}
