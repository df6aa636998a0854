"""Arguments and closing lines that the comparison scripts have in common."""

import argparse
import os
import re
import shutil
import subprocess
import sys

from lib import allocators
from lib.allocators import Variant


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


def positive(text):
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of at least 1")
    return int(text)


def plain_parser(name, doc):
    """A parser without options; `doc` is the script's docstring."""
    summary, _, rest = doc.partition("\n\n")
    return argparse.ArgumentParser(prog=f"scripts/{name}", description=summary, epilog=rest,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)


def make_parser(name, doc, takes_command=True):
    """A parser with the options every comparison has; `doc` is the script's docstring."""
    parser = plain_parser(name, doc)
    parser.add_argument("--allocators", default="all", metavar="LIST",
                        help="comma-separated names or NAME=PATH, the first is the base; "
                             "or all, which is what is installed (default)")
    parser.add_argument("--timeout", type=positive, default=600, metavar="SECONDS",
                        help="kill a run that takes longer (default 600)")
    if takes_command:
        parser.add_argument("--env", type=setting, action="append", default=[], metavar="NAME=VALUE",
                            help="set this for the command in every row (`unset` to remove); may be repeated")
        parser.add_argument("command", nargs="+", metavar="COMMAND", help="what to run, after --")
    return parser


def allocator_variants(parser, options):
    """One row per allocator of --allocators; ends with exit 2 when one is unknown."""
    try:
        return [Variant(allocator.name, allocator) for allocator in allocators.select(options.allocators)]
    except ValueError as reason:
        parser.error(str(reason))


def require_tool(name, package):
    """Ends with exit 2 when a tool is missing."""
    if shutil.which(name) is None:
        print(f"{name} is not installed; scripts/setup does it (package {package})", file=sys.stderr)
        sys.exit(2)


def build_bench():
    """Makes sure that the launcher and the benchmarks exist; what is built is said on stderr."""
    subprocess.run([allocators.ROOT / "scripts" / "build-bench"], check=True, stdout=sys.stderr)


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


def run_main(main):
    """Calls main(argv) and exits with what it returns."""
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
