/* libbare.so: what an allocator costs that does nothing but its lists, as a lower bound of time.
 *
 * Each thread has a list of free blocks for each size, linked through the blocks; malloc takes the
 * first one, free puts one back; the size follows from the address. A benchmark that is no faster
 * under it than under an allocator measures itself, not the allocator. It is no allocator to use:
 * nothing is ever given back, nothing is checked, and blocks stay with the thread that freed them.
 *
 * The range has one region for each multiple of 16 bytes up to 1 KiB, and one for each power of two
 * above; blocks of a power of two are aligned to their size.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define EXPORT __attribute__((visibility("default")))
#define IS_RARE(condition) __builtin_expect((condition), 0)
#define REGION_SHIFT 36
#define REGION_BYTES (UINT64_C(1) << REGION_SHIFT)
#define CHUNK_BYTES (UINT64_C(1) << 16) /* what a thread takes at a time */

enum {
    STEP_BYTES = 16,
    SMALL_BYTES = 1024,
    SMALL_REGIONS = SMALL_BYTES / STEP_BYTES + 1, /* region n has blocks of 16 n bytes */
    FIRST_ORDER = 4,
    LAST_ORDER = 35,
    REGIONS = SMALL_REGIONS + LAST_ORDER - FIRST_ORDER + 1,
};

struct free_block {
    struct free_block *next;
};

struct region_of_thread {
    struct free_block *free_blocks;
    char *chunk;
    uint64_t chunk_left_bytes;
};

static _Atomic uintptr_t range_start;
static _Atomic uint64_t used_bytes[REGIONS];
static __thread struct region_of_thread regions[REGIONS] __attribute__((tls_model("initial-exec")));

static uint64_t block_bytes(unsigned region)
{
    if (region < SMALL_REGIONS) {
        return (uint64_t)region * STEP_BYTES;
    }
    return UINT64_C(1) << (region - SMALL_REGIONS + FIRST_ORDER);
}

/* The region of the smallest power of two that holds `bytes`. */
static unsigned region_of_order(uint64_t bytes)
{
    unsigned order = bytes <= STEP_BYTES ? FIRST_ORDER : 64 - (unsigned)__builtin_clzll(bytes - 1);
    return SMALL_REGIONS + order - FIRST_ORDER;
}

static unsigned region_of_block(void *block)
{
    return (unsigned)(((uintptr_t)block - atomic_load_explicit(&range_start, memory_order_relaxed)) >> REGION_SHIFT);
}

/* Maps the range; of several threads that come first, one wins. NULL when the kernel refuses. */
static char *range(void)
{
    uintptr_t start = atomic_load(&range_start);
    if (start != 0) {
        return (char *)start;
    }
    uint64_t bytes = (REGIONS + 1) * REGION_BYTES;
    char *fresh = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fresh == MAP_FAILED) {
        return NULL;
    }
    uintptr_t aligned = ((uintptr_t)fresh + REGION_BYTES - 1) & ~(REGION_BYTES - 1);
    if (!atomic_compare_exchange_strong(&range_start, &start, aligned)) {
        munmap(fresh, bytes);
        return (char *)start;
    }
    return (char *)aligned;
}

__attribute__((noinline, cold))
static void *cut(unsigned region)
{
    struct region_of_thread *mine = &regions[region];
    uint64_t bytes = block_bytes(region);
    if (mine->chunk_left_bytes < bytes) {
        uint64_t chunk_bytes = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        char *start = range();
        uint64_t at = start == NULL ? REGION_BYTES : atomic_fetch_add(&used_bytes[region], chunk_bytes);
        if (at + chunk_bytes > REGION_BYTES) {
            errno = ENOMEM;
            return NULL;
        }
        mine->chunk = start + region * REGION_BYTES + at;
        mine->chunk_left_bytes = chunk_bytes;
    }
    char *block = mine->chunk;
    mine->chunk += bytes;
    mine->chunk_left_bytes -= bytes;
    return block;
}

static inline void *allocate(unsigned region)
{
    struct free_block *block = regions[region].free_blocks;
    if (IS_RARE(block == NULL)) {
        return cut(region);
    }
    regions[region].free_blocks = block->next;
    return block;
}

/* Any size, aligned to a power of two. */
static void *allocate_power(size_t alignment, size_t size)
{
    uint64_t bytes = size > alignment ? size : alignment;
    if (bytes > UINT64_C(1) << LAST_ORDER) {
        errno = ENOMEM;
        return NULL;
    }
    return allocate(region_of_order(bytes));
}

EXPORT void *malloc(size_t size)
{
    if (IS_RARE(size > SMALL_BYTES)) {
        return allocate_power(STEP_BYTES, size);
    }
    return allocate((unsigned)((size + STEP_BYTES - 1) / STEP_BYTES + (size == 0)));
}

EXPORT void free(void *block)
{
    if (block == NULL) {
        return;
    }
    struct region_of_thread *mine = &regions[region_of_block(block)];
    struct free_block *freed = block;
    freed->next = mine->free_blocks;
    mine->free_blocks = freed;
}

EXPORT void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *block = malloc(bytes);
    return block == NULL ? NULL : memset(block, 0, bytes);
}

EXPORT size_t malloc_usable_size(void *block)
{
    return block == NULL ? 0 : block_bytes(region_of_block(block));
}

EXPORT void *realloc(void *block, size_t size)
{
    if (block == NULL) {
        return malloc(size);
    }
    if (size == 0) {
        free(block);
        return NULL;
    }
    size_t usable = malloc_usable_size(block);
    if (size <= usable) {
        return block;
    }
    void *larger = malloc(size);
    if (larger != NULL) {
        memcpy(larger, block, usable);
        free(block);
    }
    return larger;
}

EXPORT void *memalign(size_t alignment, size_t size)
{
    return allocate_power(alignment, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return allocate_power(alignment, size);
}

EXPORT int posix_memalign(void **result, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    int saved = errno;
    void *block = allocate_power(alignment, size);
    errno = saved;
    if (block == NULL) {
        return ENOMEM;
    }
    *result = block;
    return 0;
}
