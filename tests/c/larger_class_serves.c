// A block that was freed serves a request of a class a little smaller, of which nothing was ever in use, before fresh
// memory is taken: for malloc and calloc, which finds it zero, but not for what is aligned, and not for ever.
// hakmem-only
#include "check.h"

enum { LARGER = 5000, SMALLER = 4200, MANY = 1000 };

int main(void) {
    void (*free_sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    CHECK(free_sized);
    unsigned char *freed = malloc(LARGER);
    CHECK(freed);
    size_t usable = malloc_usable_size(freed);
    memset(freed, 0xff, usable);
    free(freed);
    unsigned char *block = malloc(SMALLER);
    CHECK(block == freed && malloc_usable_size(opaque(block)) == usable);
    fill(block, usable, 3);
    CHECK(holds(block, usable, 3));
    free_sized(block, SMALLER);

    block = calloc(1, SMALLER);
    CHECK(block == freed);
    for (size_t i = 0; i < SMALLER; i++) CHECK(block[i] == 0);
    free(block);

    void *aligned = aligned_alloc(4096, 4096);
    CHECK(aligned && aligned != freed && is_aligned(aligned, 4096));
    CHECK(malloc(LARGER * 2) != freed); // too far above
    block = malloc(LARGER);
    CHECK(block == freed); // its own class takes it as ever
    free(block);

    // what a refill has brought of a larger class was never in use: it does not serve
    unsigned char *of_refill = malloc(700);
    CHECK(of_refill && malloc_usable_size(of_refill) < 800);
    block = malloc(600);
    CHECK(block && malloc_usable_size(opaque(block)) < malloc_usable_size(of_refill));
    // nor does what was freed where the class has such blocks itself
    free(block);
    free(of_refill);
    CHECK(malloc(600) == block);

    // who comes back for more than now and then gets blocks of his own size
    size_t own = 0;
    for (int i = 0; i < MANY; i++) {
        unsigned char *smaller = malloc(SMALLER);
        CHECK(smaller);
        if (malloc_usable_size(smaller) < usable) {
            own++;
        }
        free(smaller);
    }
    CHECK(own > MANY / 2);
    return 0;
}
