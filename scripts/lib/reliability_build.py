"""Builds what the rows of scripts/reliability run, once for each change, into out/reliability."""

import functools
import json
import os
import re
import shlex
import subprocess
from pathlib import Path

from lib.allocators import ROOT

SOURCES = ROOT / "tests" / "reliability"
HEADERS = (ROOT / "tests" / "c" / "check.h", *SOURCES.glob("*.h"))
BUILT = ROOT / "out" / "reliability"
# As tests/support/compile.rs has them: no call of malloc or free is optimised away.
COMMON_FLAGS = ("-O1", "-g", "-fno-builtin", "-pthread", "-Wall", "-Wextra", "-Wno-alloc-size-larger-than",
                "-I", str(ROOT / "tests" / "c"))
LANGUAGES = {".c": ("CC", "cc", "-std=gnu11"), ".cc": ("CXX", "c++", "-std=gnu++17")}


class BuildFailed(Exception):
    """The text is what the compiler said."""


def source_of(name):
    """The file that NAME is built from."""
    for suffix in LANGUAGES:
        if (SOURCES / (name + suffix)).exists():
            return SOURCES / (name + suffix)
    raise BuildFailed(f"no tests/reliability/{name}.c or .cc")


def own_flags(source):
    """What the `// flags:` lines at the top of a source say."""
    return " ".join(re.findall(r"^// flags: (.*)$", source.read_text(), re.MULTILINE)).split()


@functools.cache
def build(name, shared=False):
    """The path of the program, or with `shared` of the library, built from NAME."""
    source = source_of(name)
    output = BUILT / (name + ".so" if shared else name)
    newest = max(file.stat().st_mtime for file in (source, *HEADERS))
    if output.exists() and output.stat().st_mtime > newest:
        return output
    BUILT.mkdir(parents=True, exist_ok=True)
    variable, usual, standard = LANGUAGES[source.suffix]
    command = [os.environ.get(variable, usual), standard, *COMMON_FLAGS, *own_flags(source)]
    command += ["-shared", "-fPIC"] if shared else []
    made = subprocess.run([*command, str(source), "-o", str(output)], capture_output=True, text=True)
    if made.returncode != 0:
        raise BuildFailed(made.stderr)
    return output


@functools.cache
def harness():
    """The program that judges the files of tests/c."""
    command = ["cargo", "test", "--quiet", "--package", "hakmem", "--release", "--test", "c_programs", "--no-run",
               "--message-format=json"]
    made = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if made.returncode != 0:
        raise BuildFailed(made.stderr)
    messages = (json.loads(line) for line in made.stdout.splitlines() if line.startswith("{"))
    return next(Path(m["executable"]) for m in messages if m.get("executable"))


def words_of(row, library, scale):
    """The row's command line with everything filled in; builds what it names."""
    test = row.harness_test()
    if test is not None:
        return [str(harness()), *([] if test.endswith("::") else ["--exact"]), test]
    return [expand(word, library, scale) for word in shlex.split(row.command.replace("{scale}", scale))]


def expand(text, library, scale):
    """One word or value with its @NAMEs and braces filled in."""
    text = text.replace("{scale}", scale).replace("{lib}", library).replace("{root}", str(ROOT))
    return re.sub(r"@(\w+)(\.so)?", lambda m: str(build(m[1], shared=m[2] is not None)), text)


def shown(row, scale):
    """The command as the report shows it: relative to the root, for the library preloaded."""
    test = row.harness_test()
    if test is not None:
        return f"cargo test --release --test c_programs -- {test}"
    text = " ".join([*(f"{name}={value}" for name, value in row.env.items()), row.command])
    text = text.replace("{scale}", scale).replace("{lib}", "libhakmem.so").replace("{root}/", "")
    return re.sub(r"@(\w+(\.so)?)", r"out/reliability/\1", text)
