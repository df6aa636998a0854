/* Slabs that fill and empty: in each phase a thread allocates PHASE_KIB of one size and then frees all
 * of it. With `same` all phases have one size; with `switch` each has another size than the one
 * before, so that memory left by one size has to serve the next.
 *
 * usage: bench_slab_churn [SIZES [THREADS [PHASES [PHASE_KIB]]]] [--verify]
 * PHASES counts those of each thread. An operation is a malloc or a free. Defaults: same 1 2000 1024.
 */
#include "run.h"
#include "threads.h"

enum { MAX_PHASE_KIB = 1 << 20, SMALLEST_BYTES = 64, LARGEST_KIB = 8 };
enum mode { SAME, SWITCH };

/* In an order that is neither rising nor falling. */
static const uint32_t sizes_bytes[] = {256, 1024, 64, 4096, 448, 2048, 128, 8192};

struct plan {
    uint64_t mode, threads, phases, phase_kib;
};

static uint32_t size_of_phase(const struct plan *plan, uint64_t phase)
{
    return sizes_bytes[plan->mode == SAME ? 0 : phase % COUNT_OF(sizes_bytes)];
}

static void run_phase(void **blocks, uint64_t count, uint32_t size_bytes)
{
    for (uint64_t i = 0; i < count; i++) {
        blocks[i] = block_make(size_bytes, i);
    }
    for (uint64_t i = 0; i < count; i++) {
        block_free(blocks[i]);
    }
}

static void body(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    void **blocks = table_of(plan->phase_kib * 1024 / SMALLEST_BYTES, sizeof *blocks);
    worker_start(worker);
    for (uint64_t phase = 0; phase < plan->phases; phase++) {
        uint32_t size_bytes = size_of_phase(plan, worker->index + phase);
        run_phase(blocks, plan->phase_kib * 1024 / size_bytes, size_bytes);
    }
    worker_stop(worker);
    free(blocks);
}

static uint64_t count_ops(const struct plan *plan)
{
    uint64_t blocks = 0;
    for (uint64_t thread = 0; thread < plan->threads; thread++) {
        for (uint64_t phase = 0; phase < plan->phases; phase++) {
            blocks += plan->phase_kib * 1024 / size_of_phase(plan, thread + phase);
        }
    }
    return 2 * blocks;
}

int main(int argc, char **argv)
{
    const char *const modes[] = {"same", "switch", NULL};
    struct plan plan = {SAME, 1, 2000, 1024};
    const struct argument arguments[] = {
        word("SIZES", &plan.mode, modes),
        number("THREADS", &plan.threads, 1, MAX_THREADS),
        number("PHASES", &plan.phases, 1, MAX_OPS),
        number("PHASE_KIB", &plan.phase_kib, LARGEST_KIB, MAX_PHASE_KIB),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    double elapsed_s = run_crew(plan.threads, body, &plan, 0);
    return finish_run(arguments, COUNT_OF(arguments), count_ops(&plan), elapsed_s);
}
