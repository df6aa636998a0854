// Settings of the machine that root may change for a moment; whatever ends the program puts them back.
#ifndef SETTING_H
#define SETTING_H

#include "process.h"
#include <fcntl.h>

static char setting_before[128];
static const char *setting_file;

static int write_text(const char *file, const char *text) {
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    int written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0) close(fd);
    return written;
}

__attribute__((unused)) static void put_back(void) {
    if (setting_file) write_text(setting_file, setting_before);
    setting_file = NULL;
}

// The word of a file, or the one in brackets where it lists all.
__attribute__((unused)) static void read_word(const char *file, char *word, size_t size) {
    char text[128] = "";
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0) skip("a setting of the machine cannot be read");
    close(fd);
    char *bracket = strchr(text, '[');
    snprintf(word, size, "%.*s", (int)strcspn(bracket ? bracket + 1 : text, "]\n"), bracket ? bracket + 1 : text);
}

// In a child the setting is as asked; the parent puts it back when the child has ended, however it ends.
__attribute__((unused)) static void run_with(const char *file, const char *value, void (*run)(void)) {
    read_word(file, setting_before, sizeof setting_before);
    setting_file = file;
    if (!write_text(file, value)) setting_file = NULL, skip("a setting of the machine cannot be changed");
    pid_t child = fork();
    if (child == 0) {
        run();
        _exit(0);
    }
    int status = -1;
    while (waitpid(child, &status, 0) != child) continue;
    put_back();
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
