"""The rows of scripts/bench: what is measured, and which phenomenon it shows.

This file has the form of a row and the workloads of bench-c; programs stand in
bench_programs.py, servers in bench_servers.py. Rows are only ever added: one
that was measured and then removed would hide a loss. Commands are relative to
the root of the project, so that no machine's paths stand in the report.
"""

from dataclasses import dataclass, field

ONE_THREAD = "one thread"
THREADS = "threads"
MEMORY = "memory"
PROGRAMS = "programs"
SERVERS = "servers"
GROUPS = (ONE_THREAD, THREADS, MEMORY, PROGRAMS, SERVERS)
# What issue and report call real programs.
REAL_GROUPS = (PROGRAMS, SERVERS)

TIMED = "timed"  # what the program prints as elapsed_s=
WALL = "wall"
CPU = "cpu"  # user and system time

BENCH_DIR = "out/bench"


@dataclass(frozen=True)
class Row:
    """One command that every allocator runs."""

    name: str
    group: str
    phenomenon: str
    command: tuple
    judged: str = WALL  # which time counts: TIMED, WALL or CPU
    seconds: float = 0.5  # a run takes about this long, for the estimate
    quick: bool = False  # also in the quick form
    env: dict = field(default_factory=dict)
    proof_command: tuple = ()  # a short run of the same program; empty for the command itself
    server: object = None  # a bench_servers.Server when the command is one
    links_an_allocator: bool = False  # the program brings one: under glibc, libc itself has to be preloaded

    def proven_by(self):
        """The command whose bindings prove who serves this row."""
        return self.proof_command or self.command

    def as_dict(self):
        """What the report has to know of a row, to be kept beside the figures."""
        return {"group": self.group, "phenomenon": self.phenomenon, "judged": self.judged, "quick": self.quick,
                "command": [*(f"{name}={value}" for name, value in self.env.items()), *self.command]}


def workload(group, phenomenon, text, proof, quick=False, seconds=0.4):
    """A row of a bench-c program: `text` is its name without `bench_`, and its arguments; `proof` shorter ones."""
    program, *arguments = text.split()
    path = f"{BENCH_DIR}/bench_{program}"
    return Row(name=text, group=group, phenomenon=phenomenon, command=(path, *arguments), judged=TIMED,
               seconds=seconds, quick=quick, proof_command=(path, *proof.split()))


def start_row():
    """Processes that end as soon as they have begun."""
    loop = "i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done"
    return Row(name="true x200", group=ONE_THREAD, phenomenon="start and end of a process, 200 times",
               command=("sh", "-c", loop), judged=WALL, seconds=0.3, quick=True,
               proof_command=("sh", "-c", "/bin/true; :"))


def workload_rows():
    """The rows of bench-c, and process start."""
    return [
        workload(ONE_THREAD, "malloc and free in turn, 64 B", "pair 20000000 64", "1000 64", quick=True),
        workload(ONE_THREAD, "malloc and free in turn, 1 KiB", "pair 20000000 1024", "1000 64"),
        workload(ONE_THREAD, "malloc and free in turn, 16 KiB", "pair 20000000 16384", "1000 64"),
        *(workload(ONE_THREAD if threads == 1 else THREADS, "random lifetimes, 16 B to 1 KiB",
                   f"random_mixed {threads} {16000000 // threads} 4096 42", "1 100 16 1",
                   quick=threads in (1, 8))
          for threads in (1, 2, 4, 8, 64)),
        *(workload(ONE_THREAD if threads == 1 else THREADS, "random lifetimes, 8 to 64 KiB",
                   f"mid_large_mt {threads} {3200000 // threads} 2048 42", "1 100 16 1",
                   quick=threads in (1, 8), seconds=0.6)
          for threads in (1, 2, 4, 8, 64)),
        start_row(),
    ]
