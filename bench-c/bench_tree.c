/* Trees of strings: a tree of NODES is built, each node with a string that grows by appending and is
 * then cut to its length; then the tree of the round before is torn down. So old and new lie mixed,
 * and what is freed was allocated in the same order.
 *
 * usage: bench_tree [THREADS [NODES [ROUNDS]]] [--verify]
 * NODES and ROUNDS of each thread. An operation is a node: built with its string, and torn down.
 * Defaults: 1 10000 50.
 */
#include "run.h"
#include "threads.h"

enum { MAX_NODES = 1 << 24, FIRST_BYTES = 16, LONGEST_BYTES = 120 };

struct plan {
    uint64_t threads, nodes, rounds;
};

struct node {
    struct node *left, *right;
    void *text;
    uint64_t seal; /* made from all the rest, and from where the node is */
};

static uint64_t seal_of(const struct node *node)
{
    uint64_t sum = (uintptr_t)node;
    sum = sum * 31 + (uintptr_t)node->left;
    sum = sum * 31 + (uintptr_t)node->right;
    return sum * 31 + (uintptr_t)node->text;
}

static void *build_text(uint64_t random)
{
    uint32_t length = FIRST_BYTES + scale_to((uint32_t)random, LONGEST_BYTES - FIRST_BYTES);
    size_t capacity = FIRST_BYTES;
    void *text = block_make(capacity, random);
    while (capacity < length) {
        capacity *= 2;
        text = block_resize(text, capacity, random);
    }
    return length < capacity ? block_resize(text, length, random) : text;
}

/* A tree of `count` nodes, split at random between left and right: about 2 ln(count) deep. */
static struct node *build(uint64_t count, struct rng *rng)
{
    if (count == 0) {
        return NULL;
    }
    uint64_t random = rng_next(rng);
    uint64_t left = scale_to((uint32_t)random, (uint32_t)count);
    struct node *node = block_or_fail(malloc(sizeof *node), sizeof *node);
    node->text = build_text(random >> 32);
    node->left = build(left, rng);
    node->right = build(count - 1 - left, rng);
    node->seal = seal_of(node);
    return node;
}

static void tear_down(struct node *node)
{
    if (node == NULL) {
        return;
    }
    if (is_verifying && node->seal != seal_of(node)) {
        fail_overwritten(node, 0);
    }
    tear_down(node->left);
    tear_down(node->right);
    block_free(node->text);
    node->seal = 0;
    keep_pointer(node);
    free(node);
}

static void body(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    struct node *kept = NULL;
    worker_start(worker);
    for (uint64_t round = 0; round < plan->rounds; round++) {
        struct node *fresh = build(plan->nodes, &worker->rng);
        tear_down(kept);
        kept = fresh;
    }
    tear_down(kept);
    worker_stop(worker);
}

int main(int argc, char **argv)
{
    struct plan plan = {1, 10000, 50};
    const struct argument arguments[] = {
        number("THREADS", &plan.threads, 1, MAX_THREADS),
        number("NODES", &plan.nodes, 1, MAX_NODES),
        number("ROUNDS", &plan.rounds, 1, MAX_OPS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    double elapsed_s = run_crew(plan.threads, body, &plan, 42);
    return finish_run(arguments, COUNT_OF(arguments), plan.threads * plan.nodes * plan.rounds, elapsed_s);
}
