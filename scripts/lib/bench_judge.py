"""From runs to judgements: medians, ratios, what is a tie, geometric means."""

from dataclasses import dataclass
from itertools import combinations
from statistics import geometric_mean, median

from lib import table
from lib.allocators import BASELINES
from lib.rows import CPU, TIMED

SUBJECT = "hakmem"
AGAIN = "hakmem-again"  # the same library, copied: what differs is noise
WIN, TIE, LOSS = "win", "tie", "LOSS"
RSS = "rss_mib"
# A row's own A/A difference can be small by luck; no row is trusted beyond this.
LEAST_BAND = 0.01
# Who is better by so much in time and in memory has a row to itself.
BEATEN_BY = 0.05
# Runs of a row by which a best peer is chosen for the others, and how many there must be in all.
CHOOSING_RUNS, LEAST_RUNS = 2, 4


@dataclass(frozen=True)
class Verdict:
    """hakmem on one row and one measure, against its best peer there."""

    row: str
    value: float  # hakmem's median
    best: str
    ratio: float  # to the best peer; below 1 is better
    band: float  # a ratio within 1 +- band is a tie
    kind: str


def time_field(judged, cells):
    """The field that is a row's time: what the program prints, where all of them do."""
    if judged == CPU:
        return "cpu_s"
    if judged == TIMED and all(sample.printed_s is not None for cell in cells.values() for sample in cell.runs()):
        return "printed_s"
    return "wall_s"


class Figures:
    """All cells of a session, and questions about them."""

    def __init__(self, session, cells):
        self.session = session
        self.rows = list(session["rows"])
        self.labels = list(session["allocators"])
        self.cells = {row: {label: cells[row][label] for label in self.labels if label in cells.get(row, {})}
                      for row in self.rows}
        self.peers = [label for label in self.labels if label not in (SUBJECT, AGAIN, *BASELINES)]
        self.noise = {}

    def group_rows(self, *groups):
        """The rows of some groups; of all, when none is named."""
        return [row for row in self.rows if not groups or self.session["rows"][row]["group"] in groups]

    def time_of(self, row):
        """The name of the field that is this row's time."""
        measured = {label: cell for label, cell in self.cells[row].items() if cell.is_measured()}
        return time_field(self.session["rows"][row]["judged"], measured)

    def field(self, row, measure):
        """`time` becomes the row's own; other measures are fields."""
        return self.time_of(row) if measure == "time" else measure

    def median(self, row, label, measure):
        """A median, or None where there are no figures."""
        cell = self.cells[row].get(label)
        if cell is None or not cell.is_measured():
            return None
        return table.field_median(cell.runs(), self.field(row, measure))

    def spread(self, row, label, measure):
        """Half the range in percent of the median."""
        name = self.field(row, measure)
        return table.spread_percent([getattr(run, name) for run in self.cells[row][label].runs()])

    def ratio(self, row, label, measure, subject=SUBJECT):
        """hakmem against one allocator; None where one of them has no figures."""
        value, other = self.median(row, subject, measure), self.median(row, label, measure)
        return value / other if value and other else None

    def best_peer(self, row, measure):
        """The peer with the smallest median, or None."""
        medians = {label: self.median(row, label, measure) for label in self.peers}
        measured = {label: value for label, value in medians.items() if value}
        return min(measured, key=measured.get) if measured else None

    def difference(self, row, measure):
        """How far the two copies of hakmem are apart on a row; None without both."""
        ratio = self.ratio(row, AGAIN, measure)
        return None if ratio is None else abs(ratio - 1)

    def own_spread(self, row, measure):
        """Half the range of the runs of both copies of hakmem, in units of their median."""
        name = self.field(row, measure)
        cells = [self.cells[row].get(label) for label in (SUBJECT, AGAIN)]
        values = [getattr(run, name) for cell in cells if cell and cell.is_measured() for run in cell.runs()]
        return table.spread_percent(values) / 100 if values else 0

    def band(self, row, measure):
        """What counts as a tie: how far apart the runs and the medians of this row's A/A are, but no less
        than the median of all rows' difference."""
        if measure not in self.noise:
            known = [self.difference(other, measure) for other in self.rows]
            self.noise[measure] = median([value for value in known if value is not None] or [0])
        return max(self.difference(row, measure) or 0, self.own_spread(row, measure), self.noise[measure], LEAST_BAND)

    def verdict(self, row, measure):
        """How hakmem stands on a row; None where it or every peer has no figures."""
        best = self.best_peer(row, measure)
        ratio = self.ratio(row, best, measure) if best else None
        if ratio is None:
            return None
        band = self.band(row, measure)
        kind = LOSS if ratio > 1 + band else WIN if ratio < 1 - band else TIE
        return Verdict(row, self.median(row, SUBJECT, measure), best, ratio, band, kind)

    def verdicts(self, measure, rows=None):
        """All verdicts of some rows."""
        found = [self.verdict(row, measure) for row in (self.rows if rows is None else rows)]
        return [verdict for verdict in found if verdict is not None]

    def ratios_against(self, label, measure, rows):
        """hakmem / one allocator on each row that both have figures for."""
        ratios = (self.ratio(row, label, measure) for row in rows)
        return [ratio for ratio in ratios if ratio]

    def mean_against(self, label, measure, rows):
        """Geometric mean of hakmem / one allocator; None without a common row."""
        ratios = self.ratios_against(label, measure, rows)
        return geometric_mean(ratios) if ratios else None

    def mean_against_best(self, measure, rows):
        """Geometric mean of hakmem / the best peer of each row."""
        ratios = [verdict.ratio for verdict in self.verdicts(measure, rows)]
        return geometric_mean(ratios) if ratios else None

    def ratio_to_chosen(self, row, measure):
        """hakmem / the peer that is best in some runs, compared in the others: the geometric mean over all choices
        of CHOOSING_RUNS. The best of many by the same runs is also the luckiest. None where there are too few runs."""
        name = self.field(row, measure)
        samples = {label: cell.samples for label, cell in self.cells[row].items()
                   if cell.is_measured() and label in (SUBJECT, *self.peers)}
        runs = set.intersection(*map(set, samples.values())) if samples else set()
        if SUBJECT not in samples or len(samples) < 2 or len(runs) < LEAST_RUNS:
            return None
        middle = lambda label, chosen: median(getattr(samples[label][run], name) for run in chosen)
        ratios = []
        for chosen in combinations(sorted(runs), CHOOSING_RUNS):
            others = runs.difference(chosen)
            best = min((label for label in samples if label != SUBJECT), key=lambda label: middle(label, chosen))
            ratios.append(middle(SUBJECT, others) / middle(best, others))
        return geometric_mean(ratios)

    def mean_against_chosen(self, measure, rows):
        """The geometric mean of `ratio_to_chosen`; None where a row has too few runs."""
        ratios = [self.ratio_to_chosen(row, measure) for row in rows]
        return geometric_mean(ratios) if ratios and None not in ratios else None

    def beaten_by(self, row, subject):
        """The allocators that are faster than `subject` on a row, and smaller, each by BEATEN_BY at least."""
        is_better = lambda label, measure: (self.ratio(row, label, measure, subject) or 0) > 1 / (1 - BEATEN_BY)
        others = [label for label in (SUBJECT, *self.peers) if label != subject]
        return [label for label in others if is_better(label, "time") and is_better(label, RSS)]

    def worst(self, measure, rows):
        """The verdict with the largest ratio, or None."""
        return max(self.verdicts(measure, rows), key=lambda verdict: verdict.ratio, default=None)

    def failures(self):
        """(row, allocator, reason) of each cell without figures, also of those that were never run."""
        for row in self.rows:
            for label in self.labels:
                cell = self.cells[row].get(label)
                if cell is None or not cell.is_measured():
                    yield row, label, cell.failure if cell and cell.failure else "not run"
