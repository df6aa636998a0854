// hakmem_version tells a version; the header compiles as C++ too.
// hakmem-only
#include "check.h"

#include "../../include/hakmem.h"

int main() {
    auto version = reinterpret_cast<const char *(*)()>(dlsym(RTLD_DEFAULT, "hakmem_version"));
    int major = -1, minor = -1, patch = -1;
    CHECK(is_served(reinterpret_cast<void *>(version)));
    CHECK(sscanf(version(), "%d.%d.%d", &major, &minor, &patch) == 3 && major >= 0 && minor >= 0 && patch >= 0);
    return sizeof(struct hakmem_stats) % 8;
}
