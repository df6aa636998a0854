// posix_memalign returns its error and does not set errno.
// hakmem-only
#include "check.h"

int main(void) {
    void *place = NULL;
    errno = 77;
    CHECK(posix_memalign(&place, 3, 100) == EINVAL);
    CHECK(errno == 77);
    CHECK(posix_memalign(&place, 64, SIZE_MAX) == ENOMEM);
    CHECK(errno == 77);
    CHECK(posix_memalign(&place, (size_t)1 << 62, 64) == ENOMEM);
    CHECK(errno == 77);
    CHECK(posix_memalign(&place, 64, (size_t)1 << 50) == ENOMEM);
    CHECK(errno == 77 && place == NULL);
    CHECK(posix_memalign(&place, 64, 64) == 0);
    CHECK(errno == 77);
    free(place);
    return 0;
}
