// Every C name of the contract is defined by the one library, and none by another.
// hakmem-only
#include "check.h"

int main(void) {
    static const char *const NAMES[] = {
        "malloc", "calloc", "realloc", "free", "reallocarray", "posix_memalign", "aligned_alloc", "memalign",
        "valloc", "pvalloc", "malloc_usable_size", "cfree", "free_sized", "free_aligned_sized",
        "__libc_malloc", "__libc_calloc", "__libc_realloc", "__libc_free", "__libc_memalign", "__libc_valloc",
        "__libc_pvalloc", "__libc_mallinfo", "__libc_mallopt", "__posix_memalign",
        "malloc_trim", "mallinfo", "mallinfo2", "malloc_info", "malloc_stats", "mallopt"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (!is_served(dlsym(RTLD_DEFAULT, NAMES[i]))) check_failed(NAMES[i], __LINE__, "is served");
    return 0;
}
