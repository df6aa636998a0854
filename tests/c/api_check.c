// hakmem_check finds a heap sound while blocks of all kinds live, after a thread has left blocks
// behind, and when all are freed.
// hakmem-only
#include "check.h"
#include <pthread.h>

enum { COUNT = 4000 };
static void *blocks[COUNT];

static void *allocates(void *unused) {
    uint64_t state = 21;
    for (int i = 0; i < COUNT; i++) CHECK((blocks[i] = malloc(random_size(&state, i % 100 ? 20000 : 4 << 20))));
    return unused;
}

int main(void) {
    size_t (*contradictions)(void) = (size_t(*)(void))dlsym(RTLD_DEFAULT, "hakmem_check");
    CHECK(is_served(contradictions) && contradictions() == 0);
    allocates(NULL);
    CHECK(contradictions() == 0);
    for (int i = 0; i < COUNT; i += 2) free(blocks[i]), blocks[i] = NULL;
    CHECK(contradictions() == 0);
    for (int i = 0; i < COUNT; i++) free(blocks[i]);
    CHECK(contradictions() == 0);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, allocates, NULL) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(contradictions() == 0);
    for (int i = 0; i < COUNT; i++) free(blocks[i]);
    CHECK(contradictions() == 0);
    malloc_trim(0);
    CHECK(contradictions() == 0);
    return 0;
}
