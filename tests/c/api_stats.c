// hakmem_stats: fills in as much as the caller has room for, EINVAL for nonsense, numbers that
// balance and follow the program.
// hakmem-only
#include "check.h"

#include "../../include/hakmem.h"

static int (*stats)(struct hakmem_stats *, size_t);

int main(void) {
    struct hakmem_stats before, after, part;
    stats = (int (*)(struct hakmem_stats *, size_t))dlsym(RTLD_DEFAULT, "hakmem_stats");
    CHECK(is_served(stats));
    errno = 0;
    CHECK(stats(NULL, sizeof before) == -1 && errno == EINVAL);
    for (size_t size = 0; size < 8; size++) CHECK((errno = 0, stats(&before, size) == -1) && errno == EINVAL);
    memset(&part, 0xee, sizeof part);
    CHECK(stats(&part, 8) == 0 && part.size == 8 && part.version == HAKMEM_STATS_VERSION);
    CHECK(part.live_bytes == 0xeeeeeeeeeeeeeeeeu);
    CHECK(stats(&before, sizeof before) == 0 && before.size == sizeof before);
    CHECK(before.live_bytes + before.cached_bytes + before.free_bytes == before.committed_bytes);
    void *huge = malloc((size_t)300 << 20), *blocks[1000];
    for (int i = 0; i < 1000; i++) CHECK((blocks[i] = malloc(3000)));
    CHECK(stats(&after, sizeof after) == 0);
    CHECK(after.live_bytes >= before.live_bytes + ((size_t)300 << 20) + 3000000);
    CHECK(after.huge_live_bytes >= (size_t)300 << 20 && after.refills > before.refills);
    CHECK(after.live_bytes + after.cached_bytes + after.free_bytes == after.committed_bytes);
    for (int i = 0; i < 1000; i++) free(blocks[i]);
    free(huge);
    CHECK(stats(&after, sizeof after) == 0 && after.live_bytes < before.live_bytes + 1000000);
    char larger[sizeof after + 64];  // a caller built with a later header
    CHECK(stats((struct hakmem_stats *)larger, sizeof larger) == 0);
    memcpy(&part, larger, sizeof part);
    CHECK(part.size == sizeof part);
    return 0;
}
