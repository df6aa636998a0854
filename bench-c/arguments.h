/* Positional arguments: parsed, refused with one line, and printed. */
#ifndef HAKMEM_BENCH_ARGUMENTS_H
#define HAKMEM_BENCH_ARGUMENTS_H

#include <ctype.h>

#include "bench_common.h"

/* Bounds that many arguments have. */
enum { MAX_THREADS = 1024, MAX_SLOTS = 1 << 20 };
#define MAX_OPS (UINT64_C(1) << 40)

/* One argument: its name, where it goes, and what it may be. */
struct argument {
    const char *name;
    uint64_t *value;          /* holds the default before parsing */
    uint64_t minimum;
    uint64_t maximum;
    const char *const *words; /* NULL for a number; else what may be said, and `value` is the index */
};

static inline struct argument number(const char *name, uint64_t *value, uint64_t minimum, uint64_t maximum)
{
    return (struct argument){name, value, minimum, maximum, NULL};
}

/* `words` ends with NULL. */
static inline struct argument word(const char *name, uint64_t *value, const char *const *words)
{
    return (struct argument){name, value, 0, 0, words};
}

/* Parses a decimal number within the argument's bounds, or exits with 2. */
static inline void parse_number(const char *program, const struct argument *argument, const char *text)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    int is_digits = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    if (!is_digits || errno != 0 || number < argument->minimum || number > argument->maximum) {
        fail(EXIT_BAD_ARGUMENTS, "%s: %s must be a number from %" PRIu64 " to %" PRIu64 ", not '%s'",
             program, argument->name, argument->minimum, argument->maximum, text);
    }
    *argument->value = number;
}

/* Finds one of the argument's words, or exits with 2. */
static inline void parse_word(const char *program, const struct argument *argument, const char *text)
{
    for (uint64_t i = 0; argument->words[i] != NULL; i++) {
        if (strcmp(argument->words[i], text) == 0) {
            *argument->value = i;
            return;
        }
    }
    char known[256] = "";
    for (uint64_t i = 0; argument->words[i] != NULL; i++) {
        size_t length = strlen(known);
        snprintf(known + length, sizeof known - length, "%s%s", i == 0 ? "" : ", ", argument->words[i]);
    }
    fail(EXIT_BAD_ARGUMENTS, "%s: %s must be one of %s, not '%s'", program, argument->name, known, text);
}

/* Fills `arguments` from argv in order; those left out keep their default.
 * `flag` (for example "--verify"; NULL for none) may stand anywhere; returns 1 when given. */
static inline int parse_arguments(int argc, char **argv, const struct argument *arguments,
                                  int argument_count, const char *flag)
{
    int next = 0;
    int flag_given = 0;
    for (int i = 1; i < argc; i++) {
        if (flag != NULL && strcmp(argv[i], flag) == 0) {
            flag_given = 1;
        } else if (argv[i][0] == '-') {
            fail(EXIT_BAD_ARGUMENTS, "%s: unknown option '%s'%s%s", argv[0], argv[i],
                 flag != NULL ? "; the only one is " : "", flag != NULL ? flag : "");
        } else if (next == argument_count) {
            fail(EXIT_BAD_ARGUMENTS, "%s: '%s' is one argument too many; %s is the last", argv[0],
                 argv[i], arguments[argument_count - 1].name);
        } else if (arguments[next].words != NULL) {
            parse_word(argv[0], &arguments[next++], argv[i]);
        } else {
            parse_number(argv[0], &arguments[next++], argv[i]);
        }
    }
    return flag_given;
}

/* The program's name and its arguments as name=value, without an end of line. */
static inline void print_arguments(const struct argument *arguments, int argument_count)
{
    printf("%s", program_invocation_short_name);
    for (int i = 0; i < argument_count; i++) {
        putchar(' ');
        for (const char *letter = arguments[i].name; *letter != '\0'; letter++) {
            putchar(tolower((unsigned char)*letter));
        }
        if (arguments[i].words != NULL) {
            printf("=%s", arguments[i].words[*arguments[i].value]);
        } else {
            printf("=%" PRIu64, *arguments[i].value);
        }
    }
}

#endif
