"""The raw figures: one line of CSV for each run, written as it is made, and read back.

Run 0 of a row and allocator is its proof. A line that an interruption has cut is
dropped when the file is read; all others stay. After a failure the same run may
come once more, when the whole is gone on with: then the last line counts.
"""

import csv
import fcntl
import math
import os
from dataclasses import dataclass, field

from lib.allocators import ROOT
from lib.bench_session import SESSION_FILE, read_session, write_session
from lib.measure import FIELDS, Sample

HEADER = ("row", "allocator", "run", *FIELDS, "outcome")
SERVED, OK = "served", "ok"
RUNS_FILE, LOCK_FILE = "runs.csv", "lock"


@dataclass
class Cell:
    """All that is known of one allocator on one row."""

    samples: dict = field(default_factory=dict)  # by number of the run
    is_proven: bool = False
    failure: str = ""  # why there are no figures

    def runs(self):
        return list(self.samples.values())

    def is_measured(self):
        return bool(self.samples) and not self.failure


def one_line(text):
    """A message as it can stand in a CSV line and in a table, without the path of this folder."""
    return " ".join(text.replace(f"{ROOT}/", "").split())


def amount(text):
    """A measured value. Raises ValueError for what is none, `nan` among them."""
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{text} was never measured")
    return value


def parse_sample(values):
    """The sample of a CSV line."""
    wall_s, cpu_s, rss_mib, minor_faults, printed_s = values
    return Sample(wall_s=amount(wall_s), cpu_s=amount(cpu_s), rss_mib=amount(rss_mib), minor_faults=int(minor_faults),
                  printed_s=amount(printed_s) if printed_s else None)


def add_line(cells, words):
    """Puts one CSV line into `cells`, {row: {allocator: Cell}}. Raises ValueError when it is none of ours."""
    row, label, run, *values, outcome = words
    cell = cells.setdefault(row, {}).setdefault(label, Cell())
    run = int(run)
    if len(values) != len(FIELDS) or not outcome or run < 0 or run in cell.samples:
        raise ValueError("a damaged line")
    if outcome == OK:
        cell.samples[run], cell.failure = parse_sample(values), ""
    elif any(values):
        raise ValueError("figures of a run that failed")
    elif outcome == SERVED:
        cell.is_proven, cell.failure = True, ""
    else:
        cell.failure = outcome


def read(path, session):
    """The cells of a CSV file. Raises ValueError with a sentence when it is not one of ours, or of another session."""
    cells = {}
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as reason:
        raise ValueError(f"{path}: {reason.strerror}") from None
    whole_lines = text[:text.rfind("\n") + 1].splitlines()
    if whole_lines[:1] != [",".join(HEADER)]:
        raise ValueError(f"{path} does not begin with the line {','.join(HEADER)}")
    reader = csv.reader(whole_lines[1:])
    try:
        for words in reader:
            add_line(cells, words)
            is_beyond = int(words[2]) > session["runs"]
            if is_beyond or words[0] not in session["rows"] or words[1] not in session["allocators"]:
                raise ValueError("a line of another session")
    except (ValueError, csv.Error):
        raise ValueError(f"{path}: line {reader.line_num + 1} cannot be read") from None
    return cells


class Checkpoint:
    """A CSV file that grows by one line for each run, and what it holds."""

    def __init__(self, folder):
        self.path = folder / RUNS_FILE
        self.session_path = folder / SESSION_FILE
        self.cells = {}
        self.lock_file = None

    def lock(self):
        """Keeps the folder for this process until it ends. Raises ValueError where another one has it."""
        self.lock_file = open(self.path.with_name(LOCK_FILE), "a", encoding="utf-8")
        try:
            fcntl.flock(self.lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another scripts/bench is at work in {self.path.parent}") from None

    def begin(self, session):
        """A new file. One that was there is kept as runs.csv.old."""
        for path in (self.path, self.session_path):
            if path.exists():
                path.replace(path.with_name(path.name + ".old"))
        write_session(self.session_path, session)
        self.path.write_text(",".join(HEADER) + "\n", encoding="utf-8")

    def go_on(self):
        """Takes up the file that is there, without the line that was being written. Returns its session.

        What failed is tried again.
        """
        session = read_session(self.session_path)
        self.cells = read(self.path, session)
        for cell in (cell for by_label in self.cells.values() for cell in by_label.values()):
            cell.failure = ""
        with open(self.path, "r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
        return session

    def cell(self, row_name, label):
        return self.cells.setdefault(row_name, {}).setdefault(label, Cell())

    def append(self, row_name, label, run, sample, outcome):
        """Writes one line, through to the disk."""
        values = [""] * len(FIELDS)
        if sample is not None:
            values = ["" if getattr(sample, name) is None else getattr(sample, name) for name in FIELDS]
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            line = (row_name, label, run, *values, one_line(outcome))
            csv.writer(file, lineterminator="\n").writerow(line)
            file.flush()
            os.fsync(file.fileno())
        add_line(self.cells, [str(value) for value in line])
