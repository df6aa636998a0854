// Memory runs out under a limit set before the start: NULL and ENOMEM, the blocks there are stay
// whole, and after they are freed as much can be had again. The limit is 400 MiB; 250 MiB at
// least can be had of every size.
// each-args: 100 1000 9000 50000 300000 3000000 20000000
#include "check.h"
#include <sys/resource.h>

enum { MOST = 5000000 };
static unsigned char *blocks[MOST];

static size_t fill_up(size_t size) {
    size_t count = 0;
    while (count < MOST) {
        errno = 0;
        unsigned char *block = malloc(size);
        if (!block) break;
        block[0] = block[size - 1] = (unsigned char)count;
        blocks[count++] = block;
    }
    CHECK(count > 0 && count < MOST && errno == ENOMEM);
    errno = 0;
    CHECK(calloc(400, 1 << 20) == NULL && errno == ENOMEM);
    unsigned char *kept = blocks[count - 1];
    CHECK(realloc(kept, (size_t)1 << 30) == NULL && kept[size - 1] == (unsigned char)(count - 1));
    for (size_t i = 0; i < count; i++) {
        CHECK(blocks[i][0] == (unsigned char)i && blocks[i][size - 1] == (unsigned char)i);
        free(blocks[i]);
    }
    return count * size;
}

int main(int argc, char **argv) {
    struct rlimit limit = {(rlim_t)400 << 20, (rlim_t)400 << 20};
    if (argc == 2) {
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        execl("/proc/self/exe", argv[0], argv[1], "limited", (char *)NULL);
        return 9;
    }
    for (int round = 0; round < 3; round++) CHECK(fill_up((size_t)atol(argv[1])) > (size_t)250 << 20);
    return 0;
}
