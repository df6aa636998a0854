/* Many live threads: each allocates BLOCKS of each of ten sizes and frees them, ROUNDS times; then all
 * of them hold what they allocated last at once. Watch the peak: it has what an allocator keeps for
 * each thread and each size.
 *
 * usage: bench_many_threads [THREADS [BLOCKS [ROUNDS]]] [--verify]
 * An operation is a malloc or a free. Defaults: 1000 2 100.
 */
#include "run.h"
#include "threads.h"

static const uint32_t sizes_bytes[] = {24, 48, 96, 160, 320, 640, 1200, 2400, 5000, 9000};

enum { MAX_BLOCKS = 64, SIZES = sizeof sizes_bytes / sizeof sizes_bytes[0] };

struct plan {
    uint64_t threads, blocks, rounds;
    pthread_barrier_t all_hold;
};

static void allocate_all(void *(*blocks)[MAX_BLOCKS], uint64_t count)
{
    for (int size = 0; size < SIZES; size++) {
        for (uint64_t i = 0; i < count; i++) {
            blocks[size][i] = block_make(sizes_bytes[size], i);
        }
    }
}

static void free_all(void *(*blocks)[MAX_BLOCKS], uint64_t count)
{
    for (int size = 0; size < SIZES; size++) {
        for (uint64_t i = 0; i < count; i++) {
            block_free(blocks[size][i]);
        }
    }
}

static void body(struct worker *worker)
{
    struct plan *plan = worker->plan;
    void *blocks[SIZES][MAX_BLOCKS];
    worker_start(worker);
    for (uint64_t round = 1; round < plan->rounds; round++) {
        allocate_all(blocks, plan->blocks);
        free_all(blocks, plan->blocks);
    }
    allocate_all(blocks, plan->blocks);
    pthread_barrier_wait(&plan->all_hold);
    free_all(blocks, plan->blocks);
    worker_stop(worker);
}

int main(int argc, char **argv)
{
    struct plan plan = {.threads = 1000, .blocks = 2, .rounds = 100};
    const struct argument arguments[] = {
        number("THREADS", &plan.threads, 1, MAX_THREADS),
        number("BLOCKS", &plan.blocks, 1, MAX_BLOCKS),
        number("ROUNDS", &plan.rounds, 1, MAX_OPS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    make_barrier(&plan.all_hold, plan.threads);
    double elapsed_s = run_crew(plan.threads, body, &plan, 0);
    return finish_run(arguments, COUNT_OF(arguments), 2 * SIZES * plan.threads * plan.blocks * plan.rounds, elapsed_s);
}
