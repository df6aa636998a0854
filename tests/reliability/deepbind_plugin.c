// A plug-in that, opened with RTLD_DEEPBIND, gets its malloc from libc whatever was preloaded.
#include <stdlib.h>
#include <string.h>
void *plugin_malloc(size_t size) { return malloc(size); }
char *plugin_strdup(const char *text) { return strdup(text); }
void *plugin_aligned(size_t alignment, size_t size) { return aligned_alloc(alignment, size); }
void *plugin_address(void) { return (void *)malloc; }
