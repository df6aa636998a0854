// The __libc_ names work and share one heap with the plain ones.
// hakmem-only
#include "check.h"

#define ALIAS(type, name, ...) type (*name)(__VA_ARGS__) = (type(*)(__VA_ARGS__))dlsym(RTLD_DEFAULT, "__" #name)

int main(void) {
    ALIAS(void *, libc_malloc, size_t);
    ALIAS(void *, libc_calloc, size_t, size_t);
    ALIAS(void *, libc_realloc, void *, size_t);
    ALIAS(void, libc_free, void *);
    ALIAS(void *, libc_memalign, size_t, size_t);
    ALIAS(void *, libc_valloc, size_t);
    ALIAS(void *, libc_pvalloc, size_t);
    ALIAS(int, posix_memalign, void **, size_t, size_t);
    ALIAS(int, libc_mallopt, int, int);
    ALIAS(struct mallinfo, libc_mallinfo, void);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *place = NULL;
    for (size_t size = 1; size < 1000000; size = size * 4 + 1) {
        unsigned char *block = libc_malloc(size);
        CHECK(block && malloc_usable_size(block) >= size);
        fill(block, size, 1);
        block = libc_realloc(block, 2 * size);
        CHECK(block && holds(block, size, 1));
        free(block);
        block = libc_calloc(2, size);
        CHECK(block && is_all_zero(block, 2 * size));
        free(block);
        libc_free(malloc(size));
        CHECK(is_aligned(place = libc_memalign(512, size), 512) && place);
        libc_free(place);
        CHECK(is_aligned(place = libc_valloc(size), page) && place);
        libc_free(place);
        CHECK(is_aligned(place = libc_pvalloc(size), page) && malloc_usable_size(place) >= page);
        libc_free(place);
        CHECK((posix_memalign)(&place, 1024, size) == 0 && is_aligned(place, 1024));
        libc_free(place);
        CHECK((posix_memalign)(&place, 3, size) == EINVAL);
    }
    CHECK(libc_mallopt(M_TRIM_THRESHOLD, 1 << 20) == 1);
    CHECK(libc_mallinfo().arena + libc_mallinfo().hblkhd > 0);
    return 0;
}
