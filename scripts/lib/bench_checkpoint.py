"""The raw figures: one line of CSV for each run, written as it is made, and read back.

Run 0 of a row and allocator is its proof. A line that an interruption has cut is
dropped when the file is read; all others stay.
"""

import csv
import json
import os
from dataclasses import dataclass, field

from lib.allocators import ROOT
from lib.measure import Sample

FIELDS = ("wall_s", "cpu_s", "rss_mib", "minor_faults", "printed_s")
HEADER = ("row", "allocator", "run", *FIELDS, "outcome")
SERVED, OK = "served", "ok"
SESSION_KEYS = ("form", "command", "started", "runs", "machine", "allocators", "rows")
RUNS_FILE, SESSION_FILE = "runs.csv", "session.json"


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


def parse_sample(record):
    """The sample of a CSV line."""
    return Sample(wall_s=float(record["wall_s"]), cpu_s=float(record["cpu_s"]), rss_mib=float(record["rss_mib"]),
                  minor_faults=int(record["minor_faults"]),
                  printed_s=float(record["printed_s"]) if record["printed_s"] else None)


def add_record(cells, record):
    """Puts one CSV line into `cells`, {row: {allocator: Cell}}."""
    cell = cells.setdefault(record["row"], {}).setdefault(record["allocator"], Cell())
    run, outcome = int(record["run"]), record["outcome"]
    if outcome == OK:
        cell.samples[run] = parse_sample(record)
    elif outcome == SERVED:
        cell.is_proven = True
    else:
        cell.failure = outcome


def read(path):
    """The cells of a CSV file. Raises ValueError with a sentence when it is not one of ours."""
    cells = {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except OSError as reason:
        raise ValueError(f"{path}: {reason.strerror}") from None
    whole_lines = text[:text.rfind("\n") + 1].splitlines()
    reader = csv.DictReader(whole_lines)
    if tuple(reader.fieldnames or ()) != HEADER:
        raise ValueError(f"{path} does not begin with the line {','.join(HEADER)}")
    for record in reader:
        try:
            add_record(cells, record)
        except (TypeError, ValueError, KeyError):
            raise ValueError(f"{path}: line {reader.line_num} cannot be read") from None
    return cells


class Checkpoint:
    """A CSV file that grows by one line for each run, and what it holds."""

    def __init__(self, folder):
        self.path = folder / RUNS_FILE
        self.session_path = folder / SESSION_FILE
        self.cells = {}

    def begin(self, session):
        """A new file. One that was there is kept as runs.csv.old."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for path in (self.path, self.session_path):
            if path.exists():
                path.replace(path.with_name(path.name + ".old"))
        write_session(self.session_path, session)
        self.path.write_text(",".join(HEADER) + "\n", encoding="utf-8")

    def go_on(self):
        """Takes up the file that is there, without the line that was being written. Returns its session."""
        session = read_session(self.session_path)
        self.cells = read(self.path)
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
        add_record(self.cells, {name: str(value) for name, value in zip(HEADER, line)})


def write_session(path, session):
    path.write_text(json.dumps(session, indent=1) + "\n", encoding="utf-8")


def read_session(path):
    """What stands beside the figures: machine, versions, rows. Raises ValueError when it cannot be read."""
    try:
        session = json.loads(path.read_text(encoding="utf-8"))
    except OSError as reason:
        raise ValueError(f"{path}: {reason.strerror}") from None
    except ValueError as reason:
        raise ValueError(f"{path} is not JSON: {reason}") from None
    missing = [name for name in SESSION_KEYS if name not in session]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}")
    return session
