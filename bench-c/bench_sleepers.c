/* Owners that sleep while others free: OWNERS threads allocate MIB together and go to sleep; another
 * thread frees all of it, and then needs as much memory of its own, of a larger size. An allocator
 * that leaves the freed blocks to their sleeping owners needs twice the memory: watch the peak.
 *
 * usage: bench_sleepers [OWNERS [MIB [ROUNDS]]] [--verify]
 * An operation is a malloc or a free. Defaults: 4 128 3.
 */
#include "run.h"
#include "threads.h"

enum { MAX_MIB = 1 << 14, OWNED_BYTES = 512, OWN_BYTES = 2048 };

struct plan {
    uint64_t owners, mib, rounds;
    void **blocks;
    uint64_t blocks_of_owner;
    pthread_barrier_t filled, done;
};

static void fill(void **blocks, uint64_t count, size_t size_bytes)
{
    for (uint64_t i = 0; i < count; i++) {
        blocks[i] = block_make(size_bytes, i);
    }
}

static void empty(void **blocks, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        block_free(blocks[i]);
    }
}

static void sleep_as_owner(struct plan *plan, void **blocks)
{
    for (uint64_t round = 0; round < plan->rounds; round++) {
        fill(blocks, plan->blocks_of_owner, OWNED_BYTES);
        pthread_barrier_wait(&plan->filled);
        pthread_barrier_wait(&plan->done);
    }
}

static void free_for_sleepers(struct plan *plan)
{
    uint64_t owned = plan->owners * plan->blocks_of_owner;
    for (uint64_t round = 0; round < plan->rounds; round++) {
        pthread_barrier_wait(&plan->filled);
        empty(plan->blocks, owned);
        uint64_t own = owned * OWNED_BYTES / OWN_BYTES;
        fill(plan->blocks, own, OWN_BYTES);
        empty(plan->blocks, own);
        pthread_barrier_wait(&plan->done);
    }
}

static void body(struct worker *worker)
{
    struct plan *plan = worker->plan;
    worker_start(worker);
    if (worker->index < plan->owners) {
        sleep_as_owner(plan, plan->blocks + worker->index * plan->blocks_of_owner);
    } else {
        free_for_sleepers(plan);
    }
    worker_stop(worker);
}

int main(int argc, char **argv)
{
    struct plan plan = {.owners = 4, .mib = 128, .rounds = 3};
    const struct argument arguments[] = {
        number("OWNERS", &plan.owners, 1, MAX_THREADS - 1),
        number("MIB", &plan.mib, 1, MAX_MIB),
        number("ROUNDS", &plan.rounds, 1, MAX_OPS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    plan.blocks_of_owner = plan.mib * MIB_BYTES / OWNED_BYTES / plan.owners;
    plan.blocks = table_of(plan.owners * plan.blocks_of_owner, sizeof *plan.blocks);
    make_barrier(&plan.filled, plan.owners + 1);
    make_barrier(&plan.done, plan.owners + 1);
    double elapsed_s = run_crew(plan.owners + 1, body, &plan, 0);
    free(plan.blocks);
    uint64_t blocks = plan.owners * plan.blocks_of_owner * (OWN_BYTES + OWNED_BYTES) / OWN_BYTES;
    return finish_run(arguments, COUNT_OF(arguments), 2 * blocks * plan.rounds, elapsed_s);
}
