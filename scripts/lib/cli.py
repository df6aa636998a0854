"""Arguments, steps and closing lines that the scripts have in common."""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from lib import allocators, measure
from lib.allocators import Variant

# How long a step may take to end when it is told to.
STEP_END_S = 10
# The signals that end a script, with all that it has started.
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Parser(argparse.ArgumentParser):
    """One line for what is wrong; the usage is in --help."""

    def error(self, message):
        self.exit(2, f"{Path(self.prog).name}: {message}\n")


def setting(text):
    """NAME=VALUE as a pair; the value `unset` becomes None."""
    name, separator, value = text.partition("=")
    if not separator or not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, None if value == "unset" else value


def writable_file(text):
    """The path of a file that can be written: told before anything is measured, not after."""
    folder = os.path.dirname(text) or "."
    if os.path.isdir(text) or not os.path.isdir(folder) or not os.access(text if os.path.exists(text) else folder, os.W_OK):
        raise argparse.ArgumentTypeError(f"no file {text!r} can be written")
    return text


def make_writable_folder(parser, option, path):
    """Makes a folder, or ends with exit 2 when it cannot be made or takes no files."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as reason:
        parser.error(f"argument {option}: {path}: {reason.strerror}")


def positive(text):
    """A whole number of at least 1, of at most nine digits: more can be no number of runs, seconds or bytes."""
    if not text.isdecimal() or int(text[:10]) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of at least 1")
    if len(text) > 9:
        raise argparse.ArgumentTypeError(f"a number of {len(text)} digits is too large")
    return int(text)


def plain_parser(name, doc):
    """A parser without options; `doc` is the script's docstring."""
    summary, _, rest = doc.partition("\n\n")
    return Parser(prog=f"scripts/{name}", description=summary, epilog=rest,
                  formatter_class=argparse.RawDescriptionHelpFormatter)


def allocators_parser(name, doc):
    """A parser with the options that every comparison has."""
    parser = plain_parser(name, doc)
    parser.add_argument("--allocators", metavar="LIST",
                        help="comma-separated names or NAME=PATH, the first is the base; "
                             "or all, which is what is installed (default)")
    parser.add_argument("--timeout", type=positive, default=600, metavar="SECONDS",
                        help="kill a run that takes longer (default 600)")
    return parser


def command_parser(name, doc):
    """The same for a comparison of any command."""
    parser = allocators_parser(name, doc)
    parser.add_argument("--env", type=setting, action="append", default=[], metavar="NAME=VALUE",
                        help="set this for the command in every row (`unset` to remove); may be repeated")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="what to run, after --")
    return parser


def allocator_variants(parser, options):
    """One row per allocator of --allocators; ends with exit 2 when one is unknown.

    bench-c is built first: its baselines are allocators to ask for, its programs are what is run under them.
    """
    build_bench()
    try:
        chosen = allocators.select("all" if options.allocators is None else options.allocators)
    except ValueError as reason:
        parser.error(str(reason))
    return [Variant(allocator.name, allocator) for allocator in chosen]


def built_hakmem(parser):
    """hakmem itself; ends with exit 2 when it is not built."""
    own = allocators.hakmem()
    if not own.library.exists():
        parser.error("hakmem is not built; run cargo build --release first")
    return own


def require_tool(name, package):
    """Ends with exit 2 when a tool is missing."""
    if shutil.which(name) is None:
        print(f"{name} is not installed; scripts/setup does it (package {package})", file=sys.stderr)
        sys.exit(2)


def end_step(process):
    """Ends a step and what it has started: first asked, then forced."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STEP_END_S)
        except subprocess.TimeoutExpired:
            measure.kill_group(process)


def step(command, **settings):
    """Runs a step of a script, as subprocess.run does; its whole process group ends when this script is ended."""
    words = [str(word) for word in command]
    with subprocess.Popen(words, start_new_session=True, **settings) as process:
        try:
            out, err = process.communicate()
        except BaseException:
            end_step(process)
            raise
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def build_bench():
    """Makes sure that the launcher and the benchmarks exist; what is built is said on stderr."""
    step([allocators.ROOT / "scripts" / "build-bench"], stdout=sys.stderr).check_returncode()


def note_script(command):
    """Warns when the command is itself a script: its interpreter is then measured too."""
    path = shutil.which(command[0])
    if path is None:
        return
    with open(path, "rb") as file:
        if file.read(2) == b"#!":
            print(f"note: {path} is a script; its interpreter and all it starts are measured with it")


def report_failures(failures):
    """Prints why rows are missing; returns the exit status."""
    for label, reason in failures.items():
        print(f"{label}: {reason}")
    return 1 if failures else 0


def end_by_signal(number, _):
    """Ends the script as Ctrl-C would, from wherever it is."""
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    measure.kill_running()
    raise KeyboardInterrupt(number)


def say_last(text):
    """A last line on stderr, where there is one."""
    try:
        print(f"{Path(sys.argv[0]).name}: {text}", file=sys.stderr, flush=True)
    except OSError:
        pass


def fill_standard_streams():
    """Opens /dev/null where a standard stream is closed, or files would get its number; says whether stdout was."""
    was_closed = sys.stdout is None
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, number)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))
    return was_closed


def reason_of(error):
    """What an error of the system or of a step says, in one line."""
    if isinstance(error, subprocess.CalledProcessError):
        words = error.cmd if isinstance(error.cmd, (list, tuple)) else [error.cmd]
        command = " ".join(str(word) for word in words).replace(f"{allocators.ROOT}/", "")
        return f"{command}: {measure.describe_status(error.returncode)}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split())


def status_of(main):
    """What main(argv) returns, once all that it printed has gone out."""
    try:
        return main(sys.argv[1:])
    finally:
        sys.stdout.flush()


def run_main(main):
    """Calls main(argv) and exits with what it returns; what the system refuses is one line and exit 1."""
    if fill_standard_streams():
        say_last("stdout is closed")
        sys.exit(1)
    for stream in (sys.stdout, sys.stderr):
        # a table is not lost because a letter of it cannot be shown
        stream.reconfigure(errors="backslashreplace")
    for number in ENDING:
        # nohup, for one, wants it to be ignored
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end_by_signal)
    try:
        status = status_of(main)
    except KeyboardInterrupt as reason:
        status = 128 + (reason.args[0] if reason.args else signal.SIGINT)
    except (OSError, UnicodeError, subprocess.SubprocessError) as error:
        # what is still in the buffer would fail again at the exit of the interpreter
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        say_last(reason_of(error))
        status = 1
    sys.exit(status)
