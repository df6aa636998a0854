/* Fragmentation: about LIVE_MIB stay live through a long run, but their size keeps changing. Each
 * phase frees random live blocks, a quarter more than the live bytes in all, and allocates blocks of
 * its own size in their place; so some blocks of every past size are left. Watch the peak.
 *
 * usage: bench_fragment [THREADS [LIVE_MIB [PHASES]]] [--verify]
 * LIVE_MIB of all threads together; PHASES of each. An operation is a malloc or a free. Defaults: 1 64 27.
 */
#include "run.h"
#include "threads.h"

enum { MAX_MIB = 1 << 14, SMALLEST_BYTES = 64 };

/* Large and small by turns: the holes of one phase are too small for the next, or far larger. */
static const uint32_t sizes_bytes[] = {64, 1500, 200, 5000, 400, 20000, 96, 3000, 700};

struct plan {
    uint64_t threads, live_mib, phases;
};

struct entry {
    void *block;
    uint64_t size_bytes;
};

struct heap {
    struct entry *entries;
    uint64_t count;
    uint64_t live_bytes;
    uint64_t target_bytes;
    struct rng rng;
};

static void add_blocks(struct heap *heap, uint32_t size_bytes)
{
    while (heap->live_bytes + size_bytes <= heap->target_bytes) {
        heap->entries[heap->count] = (struct entry){block_make(size_bytes, heap->count), size_bytes};
        heap->count++;
        heap->live_bytes += size_bytes;
    }
}

/* Frees a random live block, and returns its size. */
static uint64_t drop_block(struct heap *heap)
{
    struct entry *chosen = &heap->entries[scale_to((uint32_t)rng_next(&heap->rng), (uint32_t)heap->count)];
    uint64_t size_bytes = chosen->size_bytes;
    block_free(chosen->block);
    *chosen = heap->entries[--heap->count];
    heap->live_bytes -= size_bytes;
    return size_bytes;
}

/* Returns how many blocks it freed. */
static uint64_t run_phase(struct heap *heap, uint32_t size_bytes)
{
    uint64_t dropped = 0;
    for (uint64_t dropped_bytes = 0; dropped_bytes < heap->target_bytes / 4 * 5 && heap->count > 0; dropped++) {
        dropped_bytes += drop_block(heap);
        add_blocks(heap, size_bytes);
    }
    return dropped;
}

static _Atomic uint64_t total_ops;

static void body(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    struct heap heap = {.target_bytes = plan->live_mib * MIB_BYTES / plan->threads, .rng = worker->rng};
    heap.entries = table_of(heap.target_bytes / SMALLEST_BYTES + 1, sizeof *heap.entries);
    uint64_t dropped = 0;
    worker_start(worker);
    add_blocks(&heap, sizes_bytes[0]);
    for (uint64_t phase = 1; phase < plan->phases; phase++) {
        dropped += run_phase(&heap, sizes_bytes[phase % COUNT_OF(sizes_bytes)]);
    }
    worker_stop(worker);
    total_ops += 2 * dropped + heap.count;
    while (heap.count > 0) {
        drop_block(&heap);
    }
    free(heap.entries);
}

int main(int argc, char **argv)
{
    struct plan plan = {1, 64, 27};
    const struct argument arguments[] = {
        number("THREADS", &plan.threads, 1, MAX_THREADS),
        number("LIVE_MIB", &plan.live_mib, 1, MAX_MIB),
        number("PHASES", &plan.phases, 1, MAX_OPS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    double elapsed_s = run_crew(plan.threads, body, &plan, 42);
    return finish_run(arguments, COUNT_OF(arguments), total_ops, elapsed_s);
}
