/* Phases: in each, THREADS threads allocate BLOCKS each, free all but one in fifty, and die. What they
 * leave lives for one phase more and is freed by threads that have never seen its owners. Watch the
 * peak: the memory of the dead has to serve the living.
 *
 * usage: bench_phases [THREADS [PHASES [BLOCKS]]] [--verify]
 * An operation is a malloc or a free, of 16 B to 2 KiB. Defaults: 8 30 8000.
 */
#include "run.h"
#include "sizes.h"
#include "threads.h"

enum { MAX_PHASES = 1 << 20, MAX_BLOCKS = 1 << 20, ONE_SURVIVES_OF = 50 };

struct plan {
    uint64_t threads, phases, blocks;
};

/* What one thread of a phase finds and leaves. */
struct post {
    const struct plan *plan;
    void **inherited; /* of the phase before; may be NULL */
    void **left;
    struct rng rng;
};

static const struct sizes sizes = {16, 2048, 0};

static uint64_t survivors(const struct plan *plan)
{
    return (plan->blocks + ONE_SURVIVES_OF - 1) / ONE_SURVIVES_OF;
}

static void free_inherited(void **blocks, uint64_t count)
{
    for (uint64_t i = 0; blocks != NULL && i < count; i++) {
        block_free(blocks[i]);
    }
    free(blocks);
}

static void *run_post(void *argument)
{
    struct post *post = argument;
    const struct plan *plan = post->plan;
    void **blocks = table_of(plan->blocks, sizeof *blocks);
    for (uint64_t i = 0; i < plan->blocks; i++) {
        blocks[i] = block_make(random_size(&sizes, (uint32_t)(rng_next(&post->rng) >> 32)), i);
    }
    free_inherited(post->inherited, survivors(plan));
    post->left = table_of(survivors(plan), sizeof *post->left);
    for (uint64_t i = 0; i < plan->blocks; i++) {
        if (i % ONE_SURVIVES_OF == 0) {
            post->left[i / ONE_SURVIVES_OF] = blocks[i];
        } else {
            block_free(blocks[i]);
        }
    }
    free(blocks);
    return NULL;
}

static void run_phase(struct post *posts, pthread_t *handles, uint64_t threads)
{
    for (uint64_t i = 0; i < threads; i++) {
        posts[i].inherited = posts[i].left;
        start_thread(&handles[i], run_post, &posts[i]);
    }
    for (uint64_t i = 0; i < threads; i++) {
        pthread_join(handles[i], NULL);
    }
}

int main(int argc, char **argv)
{
    struct plan plan = {8, 30, 8000};
    const struct argument arguments[] = {
        number("THREADS", &plan.threads, 1, MAX_THREADS),
        number("PHASES", &plan.phases, 1, MAX_PHASES),
        number("BLOCKS", &plan.blocks, 1, MAX_BLOCKS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    struct post *posts = table_of(plan.threads, sizeof *posts);
    pthread_t *handles = table_of(plan.threads, sizeof *handles);
    for (uint64_t i = 0; i < plan.threads; i++) {
        posts[i] = (struct post){&plan, NULL, NULL, rng_from_seed(i)};
    }
    double started_s = now_seconds();
    for (uint64_t phase = 0; phase < plan.phases; phase++) {
        run_phase(posts, handles, plan.threads);
    }
    double elapsed_s = now_seconds() - started_s;
    for (uint64_t i = 0; i < plan.threads; i++) {
        free_inherited(posts[i].left, survivors(&plan));
    }
    free(handles);
    free(posts);
    return finish_run(arguments, COUNT_OF(arguments), 2 * plan.threads * plan.phases * plan.blocks, elapsed_s);
}
