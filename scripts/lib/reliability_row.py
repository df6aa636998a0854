"""The form of a row of scripts/reliability, and where the rows come from.

Each module reliability_rows_*.py beside this one has a list ROWS. A row's command
is a line of words. In its words, and in the values of its variables:

  @NAME      the program built from tests/reliability/NAME.c or .cc
  @NAME.so   the shared library built from that file
  {scale}    the row's `short` or `long`
  {lib}      the allocator's library, empty for the C library's own
  {root}     the folder of this project

The library is preloaded into the command, unless {lib} stands somewhere in it.
A command of two words `test NAME` is a program of tests/c, judged by the harness
of tests/c_programs.rs; NAME:: takes all of its variants.

Exit status 0 is a pass and 77 a SKIP, whose reason is the last line of stderr.
"""

import importlib
from dataclasses import dataclass, field
from pathlib import Path

FORK = "Fork"
THREADS = "Threads"
LOADER = "Start, end, loader"
GIVING_BACK = "Giving back"
LIMITS = "Limits and faults"
SECTIONS = (FORK, THREADS, LOADER, GIVING_BACK, LIMITS)


@dataclass(frozen=True)
class Row:
    """One sentence that must hold, and the command that shows it."""

    name: str
    section: str
    sentence: str
    command: str
    short: str = ""
    long: str = ""
    tries: int = 10  # of the long form; the short form is tried once
    timeout: int = 60  # seconds of one try, after which it counts as hung
    peers: bool = True  # whether it makes sense under other allocators
    peer_note: str = ""  # what the report says of a peer that does not pass, where its rules differ
    in_short: bool = True  # whether the short form has it; False needs a reason beside the row
    env: dict = field(default_factory=dict)

    def harness_test(self):
        """The name of the tests/c program, or None for a command of its own."""
        words = self.command.split()
        return words[1] if words[0] == "test" else None


def all_rows():
    """Every row of every module, by section."""
    rows = []
    for file in sorted(Path(__file__).parent.glob("reliability_rows_*.py")):
        rows += importlib.import_module(f"lib.{file.stem}").ROWS
    names = [row.name for row in rows]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"rows listed twice: {', '.join(sorted(twice))}")
    return sorted(rows, key=lambda row: SECTIONS.index(row.section))
