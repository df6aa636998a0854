/* libnull.so: what a benchmark costs under an allocator that does nothing at all: about the least that any
 * can cost, since its ring, which fits into a second level cache, is not as warm as blocks freed just now.
 *
 * Each malloc of up to 1 KiB gets the next place of a ring that all threads share, and free returns at
 * once, so blocks overlap: it serves benchmarks that write the ends of their blocks and read nothing
 * back, and no other program. Larger blocks, and those of calloc and of aligned requests, which
 * programs make at their start, are cut from a range and never freed.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { RING_BYTES = 1 << 18, PLACE_BYTES = 1 << 10, RANGE_BYTES = 1 << 26, MIN_ALIGN = 16 };

static _Alignas(4096) char ring[RING_BYTES + PLACE_BYTES];
static _Alignas(4096) char range[RANGE_BYTES];
static atomic_size_t range_used;
static __thread size_t place __attribute__((tls_model("initial-exec")));

/* A piece of the range; null when it is used up. */
static void *cut(size_t align, size_t bytes)
{
    size_t room = bytes + align;
    if (room < bytes || room > RANGE_BYTES) {
        errno = ENOMEM;
        return NULL;
    }
    size_t start = atomic_fetch_add(&range_used, room);
    if (start > RANGE_BYTES - room) {
        errno = ENOMEM;
        return NULL;
    }
    return range + ((start + align - 1) & -align);
}

EXPORT void *malloc(size_t bytes)
{
    if (__builtin_expect(bytes > PLACE_BYTES, 0)) {
        return cut(MIN_ALIGN, bytes);
    }
    size_t here = place;
    place = (here + PLACE_BYTES) & (RING_BYTES - 1);
    return ring + here;
}

EXPORT void free(void *block)
{
    (void)block;
}

EXPORT void *calloc(size_t count, size_t bytes)
{
    size_t all;
    if (__builtin_mul_overflow(count, bytes, &all)) {
        errno = ENOMEM;
        return NULL;
    }
    return cut(MIN_ALIGN, all);
}

EXPORT void *realloc(void *block, size_t bytes)
{
    void *copy = cut(MIN_ALIGN, bytes);
    if (block != NULL && copy != NULL) {
        const char *from = block;
        int is_in_ring = from >= ring && from < ring + sizeof ring;
        size_t most = (size_t)((is_in_ring ? ring + sizeof ring : range + sizeof range) - from);
        memcpy(copy, block, bytes < most ? bytes : most);
    }
    return copy;
}

EXPORT void *aligned_alloc(size_t align, size_t bytes)
{
    return cut(align < MIN_ALIGN ? MIN_ALIGN : align, bytes);
}

EXPORT void *memalign(size_t align, size_t bytes)
{
    return aligned_alloc(align, bytes);
}

EXPORT int posix_memalign(void **block, size_t align, size_t bytes)
{
    *block = aligned_alloc(align, bytes);
    return *block != NULL ? 0 : ENOMEM;
}

EXPORT size_t malloc_usable_size(void *block)
{
    return block != NULL ? MIN_ALIGN : 0;
}
