"""Proves which malloc served a command.

A program may define malloc itself (rustc does), be linked statically, or start
children that do: LD_PRELOAD then changes nothing, and a comparison would
compare an allocator with itself. So the command runs once, untimed, while
ld.so writes down each symbol it binds. Nothing in any process of that run may
bind malloc, calloc, realloc or free elsewhere than to the library meant, and
something besides libc and ld.so (which always do) must bind malloc to it. A
program that is started without the variables of the proof (env -i does that)
would leave no trace and be served by libc: strace writes down each start, and
one without them is refused. What this cannot see: a private malloc under
another name, a statically linked child of a command that is itself served, and
the starts of a server, which is not run by run().
"""

import functools
import re
import shutil
import sys
import tempfile
from pathlib import Path

from lib.measure import RunFailed, describe_status, environment, last_line, run

BINDING = re.compile(
    r"binding file (?P<user>.+?) \[\d+\] to (?P<target>.+?) \[\d+\]: normal symbol `(?P<symbol>[^']+)'")
BINDS_ALWAYS = re.compile(r"/(libc\.so\.|ld-linux)")
WATCHED = ("malloc", "calloc", "realloc", "free")


def is_meant(target, allocator):
    """Whether ld.so's name for an object is the allocator's library."""
    path = Path(target)
    if allocator.library is None:
        return path.name.startswith("libc.so.")
    return path.resolve() == allocator.library.resolve()


def bindings(text, allocator, watched=WATCHED):
    """The (user, symbol, target) triples of one log, without what the allocator binds for itself."""
    for match in BINDING.finditer(text):
        own = allocator.library is not None and is_meant(match["user"], allocator)
        if match["symbol"] in watched and not own:
            yield match["user"], match["symbol"], match["target"]


def check_process(text, allocator):
    """Looks through one process's log; returns (mallocs bound to the library, what is bound elsewhere).

    A program that is not position-independent and takes the address of, say,
    free shows up as a target itself, though its own entry only jumps on: such
    a target counts as the library if it binds that symbol to the library.
    """
    triples = list(bindings(text, allocator))
    passes_on = {(user, symbol) for user, symbol, target in triples if is_meant(target, allocator)}
    served = 0
    for user, symbol, target in triples:
        if not is_meant(target, allocator) and (target, symbol) not in passes_on:
            return served, f"{user} binds {symbol} to {target}"
        if symbol == "malloc" and not BINDS_ALWAYS.search(user):
            served += 1
    return served, None


def unserved(logs, allocator, symbols):
    """Those of `symbols` that nothing bound to the allocator, or something to another."""
    triples = [triple for text in logs for triple in bindings(text, allocator, symbols)]
    meant = {symbol for _, symbol, target in triples if is_meant(target, allocator)}
    other = {symbol for _, symbol, target in triples if not is_meant(target, allocator)}
    return [symbol for symbol in symbols if symbol not in meant or symbol in other]


def complaint(text, variables):
    """The line of a program's stderr in which the loader refuses the library, or hakmem one of `variables`."""
    for line in text.splitlines():
        of_hakmem = line.startswith("hakmem: ") and any(re.search(rf"\b{name}\b", line) for name in variables)
        if of_hakmem or "cannot be preloaded" in line:
            return line.strip()
    return None


@functools.cache
def can_watch():
    """Whether strace is there and may trace, which some containers forbid; where not, that is said once."""
    is_able = shutil.which("strace") is not None and run(["strace", "-qq", "-o", "/dev/null", "true"], None, 20)[0] == 0
    if not is_able:
        print("note: without strace, a program that is started without the preloaded library goes unnoticed", file=sys.stderr)
    return is_able


def watch_starts(folder):
    """The words before a command that make strace write each program's start into `folder`; none where it cannot."""
    if not can_watch():
        return []
    return ["strace", "-ff", "-qq", "--seccomp-bpf", "-v", "-s", "4096", "-e", "trace=execve,execveat", "-e", "signal=none",
            "-e", "status=successful", "-o", f"{folder}/start"]


def start_without(folder, word):
    """A program that was started without `word` among its variables; None when all had it."""
    for trace in sorted(Path(folder).glob("start.*")):
        for line in trace.read_text(errors="replace").splitlines():
            path = re.search(r'^execve(?:at)?\([^"]*"([^"]*)"', line)
            if path and f'"{word}"' not in line:
                return path[1]
    return None


def prove(command, variant, extra_env, timeout_s, execute=run, symbols=()):
    """Runs the command once, by `execute`; returns None when the allocator meant served it, else the reason not.

    It must have served each of `symbols` as well, and hakmem must have taken the variables set for the run.
    """
    with tempfile.TemporaryDirectory(prefix="hakmem-proof-") as directory:
        output = f"LD_DEBUG_OUTPUT={directory}/log"
        settings = [*variant.allocator.preload_words(), "LD_DEBUG=bindings", "LD_BIND_NOW=1", output]
        watch = watch_starts(directory) if execute is run else []
        try:
            arguments = [*watch, "/usr/bin/env", *settings, *command]
            code, _, err = execute(arguments, environment(variant, extra_env), timeout_s)
        except RunFailed as reason:
            return f"failed: {reason}"
        logs = [log.read_text(errors="replace") for log in sorted(Path(directory).glob("log.*"))]
        unwatched = start_without(directory, output)
    for text in (err.decode(errors="replace"), *logs):
        refused = complaint(text, [name for name in {**extra_env, **variant.env} if name.startswith("HAKMEM_")])
        if refused is not None:
            return f"refused: {refused}"
    if code != 0:
        return f"failed: {describe_status(code)}: {last_line(err)}"
    if unwatched is not None:
        return f"refused: {unwatched} was started without the variables that put it under {variant.allocator.name}"
    total = 0
    for text in logs:
        served, elsewhere = check_process(text, variant.allocator)
        if elsewhere is not None:
            return f"refused: not served by {variant.allocator.name}: {elsewhere}"
        total += served
    if total == 0:
        return f"refused: nothing shows that {variant.allocator.name} served it (is the program linked statically?)"
    missing = unserved(logs, variant.allocator, symbols)
    return f"refused: {variant.allocator.name} did not serve {', '.join(missing)}" if missing else None


def prove_all(command, variants, extra_env, timeout_s, failures):
    """Proves each variant; reasons go to `failures` by label. Returns the variants proven."""
    for variant in variants:
        reason = prove(command, variant, extra_env, timeout_s)
        if reason is not None:
            failures[variant.label] = reason
    return [variant for variant in variants if variant.label not in failures]
