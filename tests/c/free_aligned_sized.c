// free_aligned_sized takes the alignment and the size asked for; NULL with anything.
// hakmem-only
#include "check.h"

int main(void) {
    void (*free_aligned_sized)(void *, size_t, size_t) =
        (void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");
    CHECK(free_aligned_sized);
    free_aligned_sized(NULL, 64, 100);
    for (size_t alignment = 1; alignment <= (size_t)1 << 21; alignment *= 2)
        for (size_t size = 0; size < (size_t)4 << 20; size = size * 3 + 1) {
            void *block = aligned_alloc(alignment, size);
            CHECK(block);
            memset(block, 1, size);
            errno = 9;
            free_aligned_sized(block, alignment, size);
            CHECK(errno == 9);
        }
    return 0;
}
