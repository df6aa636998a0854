// A plug-in is opened with RTLD_DEEPBIND: its blocks are libc's. The program frees and resizes them.
// usage: deepbind PLUGIN ROUNDS
#include "process.h"

int main(int argc, char **argv) {
    int rounds = number(argv, argc, 2);
    void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (!plugin) check_failed(dlerror(), __LINE__, "the plug-in");
    void *(*theirs)(size_t) = (void *(*)(size_t))dlsym(plugin, "plugin_malloc");
    char *(*copy)(const char *) = (char *(*)(const char *))dlsym(plugin, "plugin_strdup");
    void *(*aligned)(size_t, size_t) = (void *(*)(size_t, size_t))dlsym(plugin, "plugin_aligned");
    CHECK(theirs && copy && aligned);
    for (int round = 0; round < rounds; round++) {
        for (size_t size = 1; size < 1000000; size = size * 2 + 1) {
            char *block = theirs(size);
            CHECK(block);
            memset(block, 2, size);
            if (size % 3 == 0) {
                block = realloc(block, size * 2);
                CHECK(block && block[size - 1] == 2);
            }
            free(block);
        }
        char *text = copy("a text");
        CHECK(strcmp(text, "a text") == 0);
        free(text);
        free(aligned(4096, 8192));
    }
    return 0;
}
