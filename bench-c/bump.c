/* libbump.so: the allocator that waits for nobody, as a baseline for counting system calls.
 *
 * What futex calls a program makes under it are the program's own (its joins
 * and barriers), so an allocator under test may make no more. Blocks are cut
 * from one reserved range by an atomic addition; a freed block goes to a list
 * of the freeing thread for its power of two, so that a long run stays within
 * memory. There is no lock, and one mmap in all. It is no allocator to use:
 * nothing is ever given back, and nothing is checked.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define EXPORT __attribute__((visibility("default")))
#define RESERVED_BYTES (UINT64_C(1) << 40)
#define CHUNK_BYTES (UINT64_C(1) << 20) /* what a thread takes at a time */
#define MAX_ALIGNMENT (UINT64_C(1) << 30) /* offset_bytes is 32 bits wide */

/* Stands right before each block. */
struct block_header {
    uint32_t order;        /* the cell is 2^order bytes, this header included */
    uint32_t offset_bytes; /* from the start of the cell to the block */
    uint64_t unused;       /* keeps blocks aligned to 16 */
};

struct thread_state {
    struct free_cell *free_cells[64];
    char *chunk;
    uint64_t chunk_left_bytes;
};

struct free_cell {
    struct free_cell *next;
};

static _Atomic uintptr_t range_start;
static _Atomic uint64_t range_used_bytes;
static __thread struct thread_state state __attribute__((tls_model("initial-exec")));

/* The reserved range; made by whoever comes first. NULL when the kernel refuses. */
static char *range(void)
{
    uintptr_t start = atomic_load(&range_start);
    if (start != 0) {
        return (char *)start;
    }
    void *fresh = mmap(NULL, RESERVED_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fresh == MAP_FAILED) {
        return NULL;
    }
    if (!atomic_compare_exchange_strong(&range_start, &start, (uintptr_t)fresh)) {
        munmap(fresh, RESERVED_BYTES);
        return (char *)start;
    }
    return fresh;
}

static char *cut_from_range(uint64_t bytes)
{
    char *start = range();
    uint64_t at = atomic_fetch_add(&range_used_bytes, bytes);
    if (start == NULL || at + bytes > RESERVED_BYTES) {
        errno = ENOMEM;
        return NULL;
    }
    return start + at;
}

static char *cut_from_chunk(uint64_t bytes)
{
    if (bytes >= CHUNK_BYTES) {
        return cut_from_range(bytes);
    }
    if (state.chunk_left_bytes < bytes) {
        char *chunk = cut_from_range(CHUNK_BYTES);
        if (chunk == NULL) {
            return NULL;
        }
        state.chunk = chunk;
        state.chunk_left_bytes = CHUNK_BYTES;
    }
    char *cell = state.chunk;
    state.chunk += bytes;
    state.chunk_left_bytes -= bytes;
    return cell;
}

static uint32_t order_for(uint64_t bytes)
{
    return bytes <= 32 ? 5 : 64 - (uint32_t)__builtin_clzll(bytes - 1);
}

static struct block_header *header_of(void *block)
{
    return (struct block_header *)block - 1;
}

static size_t usable_bytes(void *block)
{
    return (size_t)((UINT64_C(1) << header_of(block)->order) - header_of(block)->offset_bytes);
}

/* `alignment` is a power of two, at least 16. */
static void *allocate(size_t alignment, size_t size)
{
    if (size > RESERVED_BYTES / 2 || alignment > MAX_ALIGNMENT) {
        errno = ENOMEM;
        return NULL;
    }
    uint32_t order = order_for(size + sizeof(struct block_header) + (alignment - 16));
    struct free_cell *cell = state.free_cells[order];
    if (cell != NULL) {
        state.free_cells[order] = cell->next;
    } else {
        cell = (struct free_cell *)cut_from_chunk(UINT64_C(1) << order);
        if (cell == NULL) {
            return NULL;
        }
    }
    uintptr_t block = ((uintptr_t)cell + sizeof(struct block_header) + alignment - 1) & ~(alignment - 1);
    header_of((void *)block)->order = order;
    header_of((void *)block)->offset_bytes = (uint32_t)(block - (uintptr_t)cell);
    return (void *)block;
}

EXPORT void *malloc(size_t size)
{
    return allocate(16, size);
}

EXPORT void free(void *block)
{
    if (block == NULL) {
        return;
    }
    uint32_t order = header_of(block)->order;
    struct free_cell *cell = (struct free_cell *)((char *)block - header_of(block)->offset_bytes);
    cell->next = state.free_cells[order];
    state.free_cells[order] = cell;
}

EXPORT void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *block = allocate(16, bytes);
    return block == NULL ? NULL : memset(block, 0, bytes);
}

EXPORT void *realloc(void *block, size_t size)
{
    if (block == NULL) {
        return allocate(16, size);
    }
    if (size == 0) {
        free(block);
        return NULL;
    }
    if (size <= usable_bytes(block)) {
        return block;
    }
    void *larger = allocate(16, size);
    if (larger != NULL) {
        memcpy(larger, block, usable_bytes(block));
        free(block);
    }
    return larger;
}

EXPORT void *memalign(size_t alignment, size_t size)
{
    return allocate(alignment < 16 ? 16 : alignment, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

EXPORT int posix_memalign(void **result, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    int saved = errno;
    void *block = memalign(alignment, size);
    errno = saved;
    if (block == NULL) {
        return ENOMEM;
    }
    *result = block;
    return 0;
}

EXPORT size_t malloc_usable_size(void *block)
{
    return block == NULL ? 0 : usable_bytes(block);
}
