"""The table of goals that the project has set itself, with what was measured.

Each goal is a ratio, smaller is better, with a floor that must be kept in any case.
A goal for speed (`at least 1.2x as fast`) stands here as its inverse.
"""

from dataclasses import dataclass

from lib.bench_judge import RSS
from lib.rows import REAL_GROUPS

START_ROW = "true x200"
# The single peers that a goal names, by the words in their labels.
NAMED_PEERS = ("mimalloc", "snmalloc", "jemalloc", "tcmalloc", "glibc")
MID_LARGE_ROW = "mid_large_mt 8 400000 2048 42"
RANDOM_PREFIX = "random_mixed 1 "


def digits_apart(value, limits):
    """How many decimals show on which side of each limit a value lies: two, or more where those would hide it."""
    hides = lambda digits: any(value != limit and f"{value:.{digits}f}" == f"{limit:.{digits}f}" for limit in limits)
    return next((digits for digits in (2, 3, 4, 5) if not hides(digits)), 6)


@dataclass(frozen=True)
class Goal:
    """One line: what was measured may be None when the rows or peers for it are missing."""

    what: str
    measured: float | None
    goal: float
    floor: float
    remark: str = ""

    def state(self):
        """In a word: where the measured value lies."""
        if self.measured is None:
            return "not measured"
        if self.measured <= self.goal:
            return "met"
        return "above the goal" if self.measured <= self.floor else "**above the floor**"

    def shown(self):
        """What was measured, goal and floor, with as many decimals as tell them apart."""
        if self.measured is None:
            return "-", f"{self.goal:.2f}", f"{self.floor:.2f}"
        digits = digits_apart(self.measured, (self.goal, self.floor))
        return tuple(f"{value:.{digits}f}" for value in (self.measured, self.goal, self.floor))


def overall(figures):
    """Goals over all rows."""
    worst, worst_rss = figures.worst("time", figures.rows), figures.worst(RSS, figures.rows)
    name = lambda verdict: f"{verdict.row}, {verdict.best}" if verdict else ""
    ratio = lambda verdict: verdict.ratio if verdict else None
    return [
        Goal("time, all rows, against the best peer of each", figures.mean_against_best("time", figures.rows), 1.00, 1.05),
        Goal("time, worst row, against its best peer", ratio(worst), 1.10, 1.25, name(worst)),
        Goal("peak RSS, all rows, against the smallest peer of each",
             figures.mean_against_best(RSS, figures.rows), 1.10, 1.25),
        Goal("peak RSS, worst row, against its smallest peer", ratio(worst_rss), 2.00, 2.00, name(worst_rss)),
    ]


def against_each(figures):
    """Time over all rows, against each peer that a goal names."""
    labels = [label for label in figures.peers if any(name in label for name in NAMED_PEERS)]
    return [Goal(f"time, all rows, against {label}", figures.mean_against(label, "time", figures.rows), 0.90, 0.95)
            for label in labels]


def real_programs(figures):
    """Programs and servers, against glibc."""
    rows = figures.group_rows(*REAL_GROUPS)
    return [
        Goal("real programs, user+sys, against glibc", figures.mean_against("glibc", "cpu_s", rows), 0.85, 0.88),
        Goal("real programs, peak RSS, against glibc", figures.mean_against("glibc", RSS, rows), 1.00, 1.03),
    ]


def against_best(figures, row, what, goal, floor):
    """One row against its best peer."""
    verdict = figures.verdict(row, "time") if row in figures.rows else None
    return Goal(what, verdict.ratio if verdict else None, goal, floor, verdict.best if verdict else "")


def single_rows(figures):
    """Goals for one row each."""
    goals = [against_best(figures, MID_LARGE_ROW, f"time, {MID_LARGE_ROW}, best peer (1.2x as fast)", 1 / 1.2, 1 / 1.1)]
    for row in figures.rows:
        if row.startswith(RANDOM_PREFIX):
            goals += [Goal(f"time, {row}, {label} (1.2x as fast)", figures.ratio(row, label, "time"), 1 / 1.2, 1 / 1.1)
                      for label in figures.peers if "mimalloc" in label]
    return [*goals, against_best(figures, START_ROW, "time, true, against the fastest peer", 1.00, 1.05)]


def all_goals(figures):
    """The whole table."""
    return [*overall(figures), *against_each(figures), *real_programs(figures), *single_rows(figures)]
