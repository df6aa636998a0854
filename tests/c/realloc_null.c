// realloc(NULL, n) is malloc(n).
#include "check.h"

int main(void) {
    for (size_t size = 0; size < 300000; size += 1 + size / 7) {
        char *block = realloc(NULL, size);
        CHECK(block && is_aligned(block, 16) && malloc_usable_size(block) >= size);
        memset(block, 0xee, size);
        free(block);
    }
    errno = 0;
    CHECK(realloc(NULL, SIZE_MAX) == NULL && errno == ENOMEM);
    return 0;
}
