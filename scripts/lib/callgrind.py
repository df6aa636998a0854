"""Counts instructions of a command with callgrind, by object and function."""

import re
import tempfile
from collections import defaultdict
from pathlib import Path

from lib.measure import RunFailed, describe_status, environment, last_line, run

# `fn=(12) name` names a function once, `fn=(12)` stands for it from then on; cfn= is the one called. So with objects.
NAME = re.compile(r"(c?)(fn|ob)=\((\d+)\)(?: (.*))?$")
COST = re.compile(r"[+*\-\d]\S* (\d+)$")


def self_costs(text):
    """The instructions in a callgrind.out file: {(object, function): count}, without those of callees."""
    names, now, costs = {"fn": {}, "ob": {}}, {"fn": "", "ob": ""}, defaultdict(int)
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("calls="):
            next(lines)  # what the callee cost
        elif match := NAME.match(line):
            callee, kind, number, name = match.groups()
            name = names[kind].setdefault(number, name)
            if not callee:
                now[kind] = name
        elif match := COST.match(line):
            costs[now["ob"], now["fn"]] += int(match[1])
    return costs


def count(command, variant, timeout_s):
    """Instructions of one run, {(object, function): count}, and what it printed. Raises RunFailed."""
    with tempfile.TemporaryDirectory(prefix="hakmem-callgrind-") as directory:
        data = Path(directory, "out")
        arguments = ["/usr/bin/env", *variant.allocator.preload_words(), "valgrind", "-q", "--tool=callgrind",
                     f"--callgrind-out-file={data}", *command]
        code, out, err = run(arguments, environment(variant, {}), timeout_s)
        if code != 0 or not data.exists():
            raise RunFailed(f"under callgrind: {describe_status(code)}: {last_line(err)}")
        return self_costs(data.read_text(encoding="utf-8", errors="replace")), out.decode(errors="replace")
