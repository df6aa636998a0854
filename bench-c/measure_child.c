/* Runs one command and writes what it cost to a file descriptor, as one line of JSON.
 *
 * usage: measure_child FD [NAME=VALUE ...] -- COMMAND [ARG ...]
 *
 * The scripts start every measured command through this small program,
 * since the kernel lets a process inherit the peak RSS of the image that
 * called exec: started from Python, no command would seem to need less than
 * Python. The variables are set for the command alone, so that a preloaded
 * library does not come into this process.
 *
 * wall_s runs from fork to wait; user_s, sys_s, maxrss_kib and the faults come
 * from wait4 and include children that the command waited for. status is the
 * exit code, or minus the signal's number. Exit 125 when it cannot start.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arguments.h"

enum { EXIT_CANNOT_START = 125, EXIT_NOT_FOUND = 127 };

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

/* In the child: sets the variables before "--", then becomes the command. */
__attribute__((noreturn)) static void become_command(char **words, char **command)
{
    for (char **word = words; word < command - 1; word++) {
        if (putenv(*word) != 0) {
            fail(EXIT_NOT_FOUND, "measure_child: cannot set '%s'", *word);
        }
    }
    execvp(command[0], command);
    fail(EXIT_NOT_FOUND, "measure_child: cannot run '%s': %s", command[0], strerror(errno));
}

/* The word after "--"; words before it must be NAME=VALUE. */
static char **find_command(char **words)
{
    char **word = words;
    while (*word != NULL && strcmp(*word, "--") != 0) {
        if (strchr(*word, '=') == NULL) {
            fail(EXIT_CANNOT_START, "measure_child: '%s' is not NAME=VALUE", *word);
        }
        word++;
    }
    if (word[0] == NULL || word[1] == NULL) {
        fail(EXIT_CANNOT_START, "usage: measure_child FD [NAME=VALUE ...] -- COMMAND [ARG ...]");
    }
    return word + 1;
}

int main(int argc, char **argv)
{
    uint64_t result_fd = 0;
    const struct argument fd_argument = number("FD", &result_fd, 0, INT_MAX);
    if (argc < 4) {
        fail(EXIT_CANNOT_START, "usage: measure_child FD [NAME=VALUE ...] -- COMMAND [ARG ...]");
    }
    parse_number(argv[0], &fd_argument, argv[1]);
    char **command = find_command(argv + 2);
    fcntl((int)result_fd, F_SETFD, FD_CLOEXEC);

    double started_s = now_seconds();
    pid_t child = fork();
    if (child == 0) {
        become_command(argv + 2, command);
    }
    int status = 0;
    struct rusage usage;
    while (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        if (child < 0 || errno != EINTR) {
            fail(EXIT_CANNOT_START, "measure_child: cannot start the command: %s", strerror(errno));
        }
    }
    double wall_s = now_seconds() - started_s;
    int code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    dprintf((int)result_fd,
            "{\"wall_s\":%.6f,\"user_s\":%.6f,\"sys_s\":%.6f,\"maxrss_kib\":%ld,"
            "\"minor_faults\":%ld,\"major_faults\":%ld,\"status\":%d}\n",
            wall_s, seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss, usage.ru_minflt,
            usage.ru_majflt, code);
    return EXIT_SUCCESS;
}
