"""Runs one row of scripts/reliability under one allocator and counts what came of it."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field

from lib import reliability_build as build
from lib.measure import describe_status, last_line

SKIPPED = 77
PASS, FAIL, HANG, SKIP = "passed", "failed", "hung", "skipped"
HANGS_ENOUGH = 2  # a row that has hung this often is not tried again: each costs its time-out
HARNESS_HANG = re.compile(r"did not end within|its children still held")


@dataclass
class Result:
    """What the tries of one row under one allocator came to."""

    counts: Counter = field(default_factory=Counter)
    reasons: list = field(default_factory=list)  # of each kind of try that did not pass, once
    seconds: float = 0.0

    def add(self, outcome, reason):
        self.counts[outcome] += 1
        if reason and reason not in self.reasons:
            self.reasons.append(reason)

    def tried(self):
        return sum(self.counts.values())

    def is_sound(self):
        """Every try passed, and there was one."""
        return self.tried() > 0 and self.counts[PASS] == self.tried()


def environment(row, library, scale):
    """Nothing is inherited but the PATH; the allocator is preloaded unless the row names {lib} itself.

    check.h proves that TEST_SERVED_BY serves the program; a row that does not preload loads it itself.
    """
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C"}
    if row.harness_test() is not None:
        return {**os.environ, "HAKMEM_LIB": library or "none"}
    names_library = "{lib}" in row.command or any("{lib}" in value for value in row.env.values())
    if library and not names_library:
        env["LD_PRELOAD"] = library
    if library and (not names_library or "LD_PRELOAD" in row.env or "LD_PRELOAD" in row.command):
        env["TEST_SERVED_BY"] = library
    return {**env, **{name: build.expand(value, library, scale) for name, value in row.env.items()}}


def stacks(group):
    """Where each process of a hung group stands, for a person to read."""
    listed = subprocess.run(["pgrep", "-g", str(group)], capture_output=True, text=True).stdout.split()
    texts = []
    for pid in listed if shutil.which("gdb") else []:
        command = ["gdb", "-p", pid, "-batch", "-ex", "thread apply all bt 20"]
        try:
            texts.append(subprocess.run(command, capture_output=True, text=True, timeout=30).stdout)
        except subprocess.TimeoutExpired:
            texts.append(f"gdb -p {pid}: no answer")
    return "\n".join(texts)


def execute(words, env, folder, timeout):
    """One run in a process group of its own; (exit status or None for a hang, output, stacks of a hang)."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(words, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        status, where = None, ""
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            where = stacks(process.pid)
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)  # also children that outlived the program
            except ProcessLookupError:
                pass
            process.wait()
        out.seek(0)
        return status, out.read(), where


def judge(status, output, is_harness):
    """(outcome, reason) of one run."""
    text = output.decode(errors="replace")
    if status is None or (is_harness and HARNESS_HANG.search(text)):
        return HANG, "hung"
    if is_harness and status == 0 and "1 passed" not in text and not re.search(r"[1-9]\d* passed", text):
        return FAIL, "no such test"
    if status == 0:
        return PASS, ""
    if status == SKIPPED:
        return SKIP, last_line(output)
    return FAIL, f"{describe_status(status)}: {reason_in(output)}"


def reason_in(output):
    """The line that says why: the CHECK that did not hold, else the last one; without this machine's folders."""
    checks = [line for line in output.splitlines() if b"CHECK(" in line or b"hakmem:" in line]
    return re.sub(r"(/[\w.+-]+)+/(?=[\w.+-])", "", last_line(b"\n".join(checks[:1]) or output))


def one_try(row, library, scale):
    """(outcome, reason); a hang's stacks and a failure's output go to out/reliability/NAME.failed.txt."""
    words, env = build.words_of(row, library, scale), environment(row, library, scale)
    folder = build.BUILT / "cwd" / re.sub(r"\W+", "-", row.name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    status, output, where = execute(words, env, folder, row.timeout)
    outcome, reason = judge(status, output, row.harness_test() is not None)
    if outcome in (FAIL, HANG):
        text = f"{' '.join(words)}\n{library}\n{outcome}: {reason}\n{output.decode(errors='replace')}\n{where}"
        (build.BUILT / f"{folder.name}.failed.txt").write_text(text)
    return outcome, reason


def run_row(row, library, scale, tries, hangs_enough=HANGS_ENOUGH):
    """The Result of `tries` runs."""
    result = Result()
    for _ in range(tries):
        result.add(*one_try(row, library, scale))
        if result.counts[HANG] >= hangs_enough or result.counts[SKIP]:
            break
    return result
