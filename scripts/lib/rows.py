"""The rows of scripts/bench: what is measured, and which phenomenon it shows.

This file has the form of a row and the workloads of bench-c; programs stand in
bench_programs.py, servers in bench_servers.py. Rows are only ever added: one
that was measured and then removed would hide a loss. Commands are relative to
the root of the project, so that no machine's paths stand in the report.
"""

from dataclasses import dataclass, field

from lib.allocators import BENCH_DIR, ROOT

ONE_THREAD = "one thread"
THREADS = "threads"
MEMORY = "memory"
PROGRAMS = "programs"
SERVERS = "servers"
GROUPS = (ONE_THREAD, THREADS, MEMORY, PROGRAMS, SERVERS)
# What goals and README call real programs.
REAL_GROUPS = (PROGRAMS, SERVERS)

TIMED = "timed"  # what the program prints as elapsed_s=
WALL = "wall"
CPU = "cpu"  # user and system time


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
    path = str(BENCH_DIR.relative_to(ROOT) / f"bench_{program}")
    return Row(name=text, group=group, phenomenon=phenomenon, command=(path, *arguments), judged=TIMED,
               seconds=seconds, quick=quick, proof_command=(path, *proof.split()))


def start_row():
    """Processes that end as soon as they have begun."""
    loop = "i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done"
    return Row(name="true x200", group=ONE_THREAD, phenomenon="start and end of a process, 200 times",
               command=("sh", "-c", loop), judged=WALL, seconds=0.3, quick=True,
               proof_command=("sh", "-c", "/bin/true; :"))


def by_threads(threads):
    """The group of a workload that can have one thread or several."""
    return ONE_THREAD if threads == 1 else THREADS


def pair_rows():
    return [
        workload(ONE_THREAD, "malloc and free in turn, 64 B", "pair 20000000 64", "1000 64", quick=True),
        workload(ONE_THREAD, "malloc and free in turn, 1 KiB", "pair 20000000 1024", "1000 64"),
        workload(ONE_THREAD, "malloc and free in turn, 16 KiB", "pair 20000000 16384", "1000 64"),
    ]


def batch_rows():
    """Orders of freeing, and more blocks than a cache of free blocks holds."""
    orders = {"same": (100, 1000, 100000), "reverse": (1000, 100000), "shuffled": (1000, 10000, 100000)}
    return [workload(ONE_THREAD, f"{count} blocks allocated, then freed in {order} order",
                     f"batch {order} {count} 64 {12_000_000 // count}", "same 10 64 10", seconds=0.3,
                     quick=(order, count) in (("same", 1000), ("shuffled", 10000)))
            for order, counts in orders.items() for count in counts]


def lifetime_rows():
    """Random sizes and lifetimes. OPS of all threads together are always the same."""
    return [
        *(workload(by_threads(threads), "random lifetimes, 16 B to 1 KiB",
                   f"random_mixed {threads} {16000000 // threads} 4096 42", "1 100 16 1",
                   quick=threads in (1, 8))
          for threads in (1, 2, 4, 8, 64)),
        *(workload(by_threads(threads), "random lifetimes, 8 to 32 KiB",
                   f"mid_large_mt {threads} {3200000 // threads} 2048 42", "1 100 16 1",
                   quick=threads in (1, 8), seconds=0.6)
          for threads in (1, 2, 4, 8, 64)),
        *(workload(by_threads(threads), "random lifetimes, 8 to 64 KiB",
                   f"lifetime mid {threads} {1600000 // threads} 1024 42", "mid 1 100 16 1")
          for threads in (1, 8)),
        *(workload(THREADS, "the same with fewer operations",
                   f"lifetime mid {threads} {800000 // threads} {slots} 42", "mid 1 100 16 1", seconds=0.2)
          for threads, slots in ((2, 1024), (4, 1024), (64, 128))),
        *(workload(by_threads(threads), "random lifetimes, 16 B to 1 MiB in a Pareto distribution",
                   f"lifetime pareto {threads} {8000000 // threads} 4096 42", "pareto 1 100 16 1", seconds=0.3,
                   quick=threads in (1, 8))
          for threads in (1, 2, 8, 64)),
        workload(THREADS, "the same with half the operations", "lifetime pareto 4 1000000 4096 42", "pareto 1 100 16 1",
                 seconds=0.15),
        *(workload(by_threads(threads), "the same from calloc", f"calloc {threads} {4000000 // threads} 4096 42",
                   "1 100 16 1", seconds=0.3)
          for threads in (1, 8)),
        *(workload(THREADS, "the same from calloc, half the operations", f"calloc {threads} {2000000 // threads} 4096 42",
                   "1 100 16 1", seconds=0.1)
          for threads in (2, 4, 64)),
    ]


def slab_rows():
    """Slabs that empty and fill."""
    what = {"same": "slabs fill and empty, one size", "switch": "slabs fill and empty, another size each time"}
    return [
        *(workload(by_threads(threads), what[mode], f"slab_churn {mode} {threads} {2000 // threads} 1024",
                   "same 1 1 64", quick=(mode, threads) == ("switch", 1))
          for mode in what for threads in (1, 8)),
        *(workload(THREADS, what[mode], f"slab_churn {mode} {threads} {1000 // threads} 1024", "same 1 1 64", seconds=0.15)
          for mode in what for threads in (2, 4, 64)),
    ]


def remote_rows():
    """Blocks that die in another thread than the one they came from."""
    bleed, handoff = "threads leave their blocks to a successor", "handed over in batches and freed there"
    return [
        *(workload(THREADS, f"{bleed}, {lanes} at a time", f"bleed {lanes} 50 {100000 // lanes} 2000",
                   "1 1 10 10", quick=lanes == 8)
          for lanes in (1, 2, 8)),
        workload(THREADS, f"{bleed}, 4 at a time", "bleed 4 50 12500 2000", "1 1 10 10", seconds=0.1),
        workload(THREADS, f"{bleed}, 64 at a time", "bleed 64 20 3000 1000", "1 1 10 10"),
        workload(THREADS, f"1 producer, 1 consumer: {handoff}", "handoff 1 1 1 60000", "1 1 1 10", quick=True),
        workload(THREADS, f"1 producer, 7 consumers: {handoff}", "handoff 1 7 1 60000", "1 1 1 10"),
        workload(THREADS, f"7 producers, 1 consumer: {handoff}", "handoff 7 1 1 60000", "1 1 1 10", quick=True),
        workload(THREADS, f"32 producers, each with its consumer: {handoff}", "handoff 1 1 32 60000", "1 1 1 10"),
        workload(THREADS, f"1 producer, 3 consumers: {handoff}", "handoff 1 3 1 30000", "1 1 1 10", seconds=0.15),
        workload(THREADS, f"3 producers, 1 consumer: {handoff}", "handoff 3 1 1 30000", "1 1 1 10", seconds=0.15),
        workload(THREADS, f"2 producers, each with its consumer: {handoff}", "handoff 1 1 2 30000", "1 1 1 10", seconds=0.15),
        *(workload(THREADS, f"a ring of {threads} threads, each frees what its neighbour allocates",
                   f"ring {threads} {batches}", "2 10", quick=threads == 8, seconds=seconds)
          for threads, batches, seconds in ((2, 100000, 0.4), (4, 50000, 0.2), (8, 100000, 0.4), (64, 100000, 0.4))),
        *(workload(THREADS, f"lists of blocks of {owners} owners, all freed by one more thread",
                   f"free_only {owners} {200000 // owners} 8", "1 10 1", seconds=0.5)
          for owners in (1, 7)),
        *(workload(THREADS, f"lists of blocks of {owners} owners, all freed by one more thread",
                   f"free_only {owners} {100000 // owners} 8", "1 10 1", seconds=0.15)
          for owners in (3, 63)),
    ]


def growth_rows():
    """Buffers that grow, large blocks, trees of strings."""
    return [
        workload(ONE_THREAD, "1000 buffers grow by half up to 64 KiB", "realloc 1000 65536 50 16 600000",
                 "2 64 50 16 9", quick=True),
        workload(ONE_THREAD, "1000 buffers grow by 16 B up to 4 KiB", "realloc 1000 4096 0 16 4000000", "2 64 50 16 9"),
        workload(ONE_THREAD, "8 buffers grow by a fifth up to 8 MiB", "realloc 8 8388608 20 4096 1500", "2 64 50 16 9"),
        *(workload(by_threads(threads), "blocks of 1 to 32 MiB in and out, each page used",
                   f"large pages {threads} {40 // threads} {slots}", "ends 1 2 1", quick=threads == 1)
          for threads, slots in ((1, 4), (8, 2))),
        *(workload(by_threads(threads), "blocks of 1 to 32 MiB in and out, their ends used",
                   f"large ends {threads} {40000 // threads} {slots}", "ends 1 2 1")
          for threads, slots in ((1, 4), (8, 2))),
        # 64 threads would use a gigabyte, which says nothing of the allocator
        *(workload(THREADS, "blocks of 1 to 32 MiB in and out, each page used",
                   f"large pages {threads} {30 // threads} {slots}", "ends 1 2 1", seconds=0.25)
          for threads, slots in ((2, 4), (4, 2))),
        *(workload(THREADS, "blocks of 1 to 32 MiB in and out, their ends used",
                   f"large ends {threads} {operations // threads} {slots}", "ends 1 2 1", seconds=0.2)
          for threads, slots, operations in ((2, 4, 20000), (4, 2, 20000), (64, 1, 6400))),
        *(workload(by_threads(threads), "trees of strings are built and torn down",
                   f"tree {threads} {10000 // threads} 150", "1 10 2", quick=threads == 1, seconds=0.3)
          for threads in (1, 8)),
        *(workload(THREADS, "smaller trees of strings are built and torn down",
                   f"tree {threads} {6000 // threads} 150", "1 10 2", seconds=0.15)
          for threads in (2, 4, 64)),
    ]


def sharing_rows():
    """Lines of the cache, and threads that come and go."""
    what = {"active": "threads write small blocks of their own",
            "passive": "threads write small blocks that one thread gave them, side by side"}
    return [
        *(workload(THREADS, what[mode], f"false_sharing {mode} {threads} {400000 // threads} 100", "active 1 9 9")
          for mode in what for threads in (2, 8)),
        *(workload(THREADS, what[mode], f"false_sharing {mode} {threads} {200000 // threads} 100", "active 1 9 9", seconds=0.1)
          for mode in what for threads in (4, 64)),
        *(workload(THREADS, f"threads come, use 100 blocks and die, {lanes} at a time",
                   f"thread_churn {lanes} {4000 // lanes} 100", "1 1 1", seconds=0.3)
          for lanes in (1, 8)),
        *(workload(THREADS, f"threads come, use 100 blocks and die, {lanes} at a time",
                   f"thread_churn {lanes} {2000 // lanes} 100", "1 1 1", seconds=0.15)
          for lanes in (2, 4, 64)),
    ]


def memory_rows():
    """Workloads whose peak says more than their time."""
    return [
        workload(MEMORY, "1000 live threads, each with two blocks of each of ten sizes", "many_threads 1000 2 100",
                 "2 1 1", quick=True),
        *(workload(MEMORY, f"phases of {threads} threads; all die, some blocks survive",
                   f"phases {threads} 30 {64000 // threads}", "1 2 50", quick=threads == 8)
          for threads in (8, 64)),
        *(workload(MEMORY, f"phases of {threads} threads; all die, some blocks survive",
                   f"phases {threads} 15 {32000 // threads}", "1 2 50", seconds=0.15)
          for threads in (2, 4)),
        *(workload(MEMORY, f"{owners} owners sleep while another thread frees their 128 MiB and needs as much",
                   f"sleepers {owners} 128 2", "1 1 1", seconds=0.4, quick=owners == 4)
          for owners in (4, 64)),
        *(workload(MEMORY, f"32 MiB live, but their sizes keep changing; {threads} at work",
                   f"fragment {threads} 32 14", "1 1 2", seconds=0.7, quick=threads == 1)
          for threads in (1, 8)),
        *(workload(MEMORY, f"32 MiB live, but their sizes keep changing, less often; {threads} at work",
                   f"fragment {threads} 32 6", "1 1 2", seconds=0.25)
          for threads in (2, 4, 64)),
    ]


def workload_rows():
    """The rows of bench-c, and process start."""
    return [*pair_rows(), *batch_rows(), *lifetime_rows(), *slab_rows(), *remote_rows(),
            *growth_rows(), *sharing_rows(), *memory_rows(), start_row()]
