// free_sized takes the size asked for, and what malloc_usable_size said; NULL with any size.
// hakmem-only
#include "check.h"

int main(void) {
    void (*free_sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    CHECK(free_sized);
    free_sized(NULL, 0);
    free_sized(NULL, 100);
    for (int round = 0; round < 50; round++)
        for (size_t size = 0; size < (size_t)4 << 20; size = size * 2 + 1) {
            void *block = round % 2 ? malloc(size) : calloc(1, size);
            CHECK(block);
            memset(block, 1, size);
            errno = 9;
            free_sized(block, round % 3 ? size : malloc_usable_size(block));
            CHECK(errno == 9);
        }
    return 0;
}
