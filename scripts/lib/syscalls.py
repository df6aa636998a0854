"""Counts system calls of a command with strace -c -f."""

import tempfile

from lib.measure import RunFailed, describe_status, environment, last_line, run

# What an allocator may call, and gettid, which it must not.
COUNTED = ("futex", "mmap", "munmap", "mprotect", "madvise", "mremap", "brk", "mincore", "gettid")
# Of these the project promises fewer than one per thousand operations.
MAPPING = ("mmap", "munmap", "madvise", "mprotect")


def parse_summary(text):
    """The `name calls` lines of strace -c -U name,calls, as a dictionary."""
    counts = dict.fromkeys(COUNTED, 0)
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] in counts and words[1].isdecimal():
            counts[words[0]] = int(words[1])
    return counts


def count(command, variant, extra_env, timeout_s):
    """System calls of one run, of all its threads and children: {name: calls}. Raises RunFailed."""
    preload = [word for setting in variant.allocator.preload_words() for word in ("-E", setting)]
    with tempfile.NamedTemporaryFile("r", prefix="hakmem-strace-") as summary:
        arguments = ["strace", "--seccomp-bpf", "-f", "-c", "-U", "name,calls", "-o", summary.name,
                     "-e", f"trace={','.join(COUNTED)}", *preload, *command]
        code, _, err = run(arguments, environment(variant, extra_env), timeout_s)
        if code != 0:
            raise RunFailed(f"under strace: {describe_status(code)}: {last_line(err)}")
        return parse_summary(summary.read())
