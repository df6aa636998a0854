"""Runs a command under an allocator and says what it cost."""

import json
import math
import os
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass, fields

from lib.allocators import BENCH_DIR

LAUNCHER = BENCH_DIR / "measure_child"
PRINTED_ELAPSED = re.compile(rb"\belapsed_s=(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?![\w.])")


class RunFailed(Exception):
    """The command did not do its work; the text says how, in one line."""


@dataclass(frozen=True)
class Sample:
    """One run. Children that the command waited for are included."""

    wall_s: float
    cpu_s: float
    rss_mib: float  # peak
    minor_faults: int
    printed_s: float | None  # what the program itself printed as elapsed_s=

    def as_dict(self):
        return dict(vars(self))


FIELDS = tuple(field.name for field in fields(Sample))

# Variables of the loader and of allocators: what the user has set for himself is not what is measured.
NOT_INHERITED = re.compile(r"(LD|HAKMEM|MALLOC|MIMALLOC|TCMALLOC|JEMALLOC|RPMALLOC)_|_RJEM_|(GLIBC_TUNABLES|PYTHONMALLOC)$")


def environment(variant, extra):
    """This process's environment without what changes allocators or the loader, plus the row's variables."""
    env = {name: value for name, value in os.environ.items() if not NOT_INHERITED.match(name)}
    if "LD_LIBRARY_PATH" in os.environ:
        env["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    for name, value in {**extra, **variant.env}.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


def last_line(text):
    """The last line of some output, shortened, to quote in a message."""
    lines = [line for line in text.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else "no message"


def signal_name(number):
    """SIGKILL, or SIGRTMIN+1: the signals between the first and the last real-time one have no names."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRTMIN{number - signal.SIGRTMIN:+}"


def describe_status(status):
    """An exit code, or minus a signal's number, in words."""
    return f"exit code {status}" if status >= 0 else f"killed by {signal_name(-status)}"


# What run() has started and not seen end.
running = set()


def kill_group(process):
    """Ends a process that leads a group of its own, and all of its group."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def kill_running():
    """Ends all that run() has started, in this thread and in others."""
    for process in list(running):
        kill_group(process)


def run(arguments, env, timeout_s, pass_fds=(), cwd=None):
    """Runs a program in a process group of its own; returns (exit code, stdout, stderr).

    The group is killed when the time is up or this script is interrupted.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(arguments, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   pass_fds=pass_fds, cwd=cwd, start_new_session=True)
        running.add(process)
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise RunFailed(f"not done after {timeout_s:g} s") from None
        finally:
            kill_group(process)
            running.discard(process)
        out.seek(0)
        err.seek(0)
        return code, out.read(), err.read()


def measure(command, variant, extra_env, timeout_s, execute=run):
    """One measured run, as a Sample. Raises RunFailed. `execute` starts it, as run() does."""
    read_fd, write_fd = os.pipe()
    try:
        arguments = [str(LAUNCHER), str(write_fd), *variant.allocator.preload_words(), "--", *command]
        code, out, err = execute(arguments, environment(variant, extra_env), timeout_s, (write_fd,))
        os.close(write_fd)
        write_fd = None
        report = os.read(read_fd, 4096)
    finally:
        os.close(read_fd)
        if write_fd is not None:
            os.close(write_fd)
    if code != 0 or not report:
        raise RunFailed(last_line(err))
    cost = json.loads(report)
    if cost["status"] != 0:
        raise RunFailed(f"{describe_status(cost['status'])}: {last_line(err)}")
    return Sample(
        wall_s=cost["wall_s"],
        cpu_s=cost["user_s"] + cost["sys_s"],
        rss_mib=cost["maxrss_kib"] / 1024,
        minor_faults=cost["minor_faults"],
        printed_s=printed_elapsed(out),
    )


def printed_elapsed(out):
    """The seconds that a program printed as elapsed_s=, if it did. Raises RunFailed where they are not to be trusted."""
    printed = [float(text) for text in PRINTED_ELAPSED.findall(out)]
    if len(printed) > 1:
        raise RunFailed(f"elapsed_s= stands {len(printed)} times in its output")
    if printed and not math.isfinite(printed[0]):
        raise RunFailed("elapsed_s= is not a time")
    return printed[0] if printed else None


def interleave(command, variants, runs, extra_env, timeout_s, failures):
    """`runs` rounds over all variants (A B C A B C ...), so that drift hits all alike.

    Returns {label: [Sample, ...]}; a variant that fails once is dropped, its
    reason kept in `failures`.
    """
    samples = {variant.label: [] for variant in variants}
    for _ in range(runs):
        for variant in variants:
            if variant.label in failures:
                continue
            try:
                samples[variant.label].append(measure(command, variant, extra_env, timeout_s))
            except RunFailed as reason:
                failures[variant.label] = f"failed: {reason}"
    return {label: list_of for label, list_of in samples.items() if label not in failures}
