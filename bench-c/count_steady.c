/* What scripts/counts measures: workloads that are warm. Each thread takes STEPS steps; when all stand
 * still, hakmem's statistics are printed, as JSON on one line; each takes as many steps again, and they
 * are printed once more. So neither the first use of memory nor a thread's end is in the difference, and
 * all threads are there at the same time, however few cores run them.
 *
 * usage: count_steady [PATTERN [SIZES [THREADS [STEPS]]]] [--verify]
 * PATTERN is one of
 *   churn   a step toggles a random one of a thread's WORKING_SET slots (churn.h)
 *   phases  a step allocates PHASE_BYTES of one size, another one each time, and frees all of it
 *   pairs   a step of a thread hands a batch to another thread, which only frees (ring.h)
 *   turns   the same, but who hands a batch over waits until it is freed: owners are never asleep over
 *           more than one batch, however few cores there are
 *   ring    a step hands a batch to a neighbour and frees one of the other neighbour
 * SIZES is one of one (256 B), small (16 B to 1 KiB), middle (8 to 32 KiB), mid (8 to 64 KiB) and pareto
 * (16 B to 1 MiB). Defaults: churn small 2 100000. An operation is a toggle, a malloc or free of phases,
 * or a block that was handed over.
 */
#include <dlfcn.h>
#include <unistd.h>

#include "batches.h"
#include "churn.h"

enum { WORKING_SET = 2048, PHASE_BYTES = 1 << 20 };
enum pattern { CHURN, PHASES, PAIRS, TURNS, RING };

struct plan {
    struct churn_plan churn;
    uint64_t pattern, sizes, threads, steps, ops;
    struct ring *rings; /* ring i leads to thread i */
    pthread_barrier_t rest;
};

/* What a thread works on, and its operations in this half. */
struct state {
    void **blocks;
    struct rng rng;
    uint64_t phase, ops;
};

/* Multiples of the golden ratio fall apart evenly: all threads have all sizes in few phases. */
static void take_phase(const struct plan *plan, struct state *state)
{
    uint32_t size_bytes = random_size(&plan->churn.sizes, (uint32_t)state->phase++ * UINT32_C(0x9E3779B9));
    uint64_t count = PHASE_BYTES / size_bytes;
    for (uint64_t i = 0; i < count; i++) {
        state->blocks[i] = block_make(size_bytes, i);
    }
    for (uint64_t i = 0; i < count; i++) {
        block_free(state->blocks[i]);
    }
    state->ops += 2 * count;
}

static void give_batch(const struct plan *plan, struct state *state, struct ring *ring)
{
    allocate_batch(ring_room(ring), &plan->churn.sizes, &state->rng);
    ring_given(ring);
}

/* One of each two threads gives, its neighbour only frees. */
static void take_side(const struct plan *plan, uint64_t index, struct state *state)
{
    struct ring *ring = &plan->rings[index | 1];
    if (index % 2 != 0) {
        state->ops += take_batch(ring);
        return;
    }
    give_batch(plan, state, ring);
    if (plan->pattern == TURNS) {
        ring_drained(ring);
    }
}

static void take_step(const struct plan *plan, uint64_t index, struct state *state)
{
    switch ((enum pattern)plan->pattern) {
    case CHURN:
        churn_step(state->blocks, rng_next(&state->rng), &plan->churn);
        state->ops++;
        return;
    case PHASES:
        take_phase(plan, state);
        return;
    case PAIRS:
    case TURNS:
        take_side(plan, index, state);
        return;
    case RING:
        give_batch(plan, state, &plan->rings[(index + 1) % plan->threads]);
        state->ops += take_batch(&plan->rings[index]);
    }
}

/* Under another allocator there is nothing to print. */
static void print_statistics(void)
{
    int (*print_json)(int) = (int (*)(int))dlsym(RTLD_DEFAULT, "hakmem_stats_json");
    if (print_json != NULL && print_json(STDOUT_FILENO) != 0) {
        fail(EXIT_FAILURE, "%s: hakmem does not print its statistics", program_invocation_short_name);
    }
}

/* While the first thread prints, all others wait. */
static void rest(struct plan *plan, const struct worker *worker)
{
    pthread_barrier_wait(&plan->rest);
    if (worker->index == 0) {
        print_statistics();
    }
    pthread_barrier_wait(&plan->rest);
}

static void body(struct worker *worker)
{
    struct plan *plan = worker->plan;
    uint64_t places = plan->pattern == PHASES ? PHASE_BYTES / MIN_BLOCK_BYTES : WORKING_SET;
    struct state state = {table_of(places, sizeof *state.blocks), worker->rng, worker->index, 0};
    worker_start(worker);
    for (int half = 0; half < 2; half++) {
        state.ops = 0; /* those of the second half count */
        for (uint64_t step = 0; step < plan->steps; step++) {
            take_step(plan, worker->index, &state);
        }
        rest(plan, worker);
    }
    worker_stop(worker);
    free_slots(state.blocks, plan->pattern == CHURN ? WORKING_SET : 0);
    __atomic_add_fetch(&plan->ops, state.ops, __ATOMIC_RELAXED);
}

int main(int argc, char **argv)
{
    const char *const patterns[] = {"churn", "phases", "pairs", "turns", "ring", NULL};
    const char *const size_words[] = {"one", "small", "middle", "mid", "pareto", NULL};
    const struct sizes sizes[] = {{256, 256, 0}, {16, 1024, 0}, {8 * 1024, 32 * 1024, 0}, {8 * 1024, 64 * 1024, 0}, PARETO_SIZES};
    struct plan plan = {.pattern = CHURN, .sizes = 1, .threads = 2, .steps = 100000, .churn.working_set = WORKING_SET};
    const struct argument arguments[] = {
        word("PATTERN", &plan.pattern, patterns),
        word("SIZES", &plan.sizes, size_words),
        number("THREADS", &plan.threads, 1, MAX_THREADS),
        number("STEPS", &plan.steps, 1, MAX_OPS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    if ((plan.pattern == PAIRS || plan.pattern == TURNS) && plan.threads % 2 != 0) {
        fail(EXIT_BAD_ARGUMENTS, "%s: THREADS must be even for %s", argv[0], patterns[plan.pattern]);
    }
    plan.churn.sizes = sizes[plan.sizes];
    plan.rings = make_rings(plan.threads);
    make_barrier(&plan.rest, plan.threads);
    print_statistics(); /* so that whatever printing needs is there */
    double elapsed_s = run_crew(plan.threads, body, &plan, 42);
    pthread_barrier_destroy(&plan.rest);
    free(plan.rings);
    return finish_run(arguments, COUNT_OF(arguments), plan.ops, elapsed_s);
}
