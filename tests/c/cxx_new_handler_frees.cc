// A new-handler that makes room: operator new tries again and succeeds.
#include "check.h"
#include <new>
#include <sys/resource.h>

static const size_t RESERVE = (size_t)300 << 20;
static void *reserve;
static int calls;
static void gives_up_reserve() {
    CHECK(++calls == 1 && reserve);
    free(reserve);
    reserve = nullptr;
    malloc_trim(0);
}

int main(int argc, char **argv) {
    struct rlimit limit = {(rlim_t)512 << 20, (rlim_t)512 << 20};
    if (argc == 1) {
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        execl("/proc/self/exe", argv[0], "limited", (char *)nullptr);
        return 9;
    }
    reserve = malloc(RESERVE);
    CHECK(reserve);
    std::set_new_handler(gives_up_reserve);
    void *block = ::operator new(RESERVE - (1 << 20));
    CHECK(opaque(block) && calls == 1 && malloc_usable_size(block) >= RESERVE - (1 << 20));
    ::operator delete(block);
    return 0;
}
