"""Writes benchmarks.md from the figures: one function for each section."""

import shlex

from lib import bench_goals, rows
from lib.bench_judge import AGAIN, BEATEN_BY, CHOOSING_RUNS, LEAST_BAND, LOSS, RSS, SUBJECT
from lib.table import markdown_table, number

WORDS = {"time": "Time", RSS: "Peak RSS"}
UNITS = {"time": "s", RSS: "MiB"}
BEST = {"time": "fastest", RSS: "smallest"}
PLOTS = (("means.svg", "Geometric means by group"), ("time.svg", "Time, each row"), ("rss.svg", "Peak RSS, each row"))


def times(value):
    """A ratio."""
    return "-" if value is None else f"{value:.2f}"


def marked(value, band):
    """A ratio, in bold where it is worse than a tie."""
    return f"**{times(value)}**" if value is not None and value > 1 + band else times(value)


def introduction(figures):
    session = figures.session
    machine = [(name, value) for name, value in session["machine"].items()]
    return "\n".join([
        "# Benchmarks",
        "",
        f"Made by `{session['command']}` ({session['form']}, {session['runs']} runs of each), begun {session['started']}; "
        "do not edit. Again from the same runs: `scripts/bench --report-only` (with `--output DIR` where this is not docs). "
        "The raw figures: [runs.csv](benchmarks/runs.csv), [session.json](benchmarks/session.json).",
        "",
        markdown_table(["machine", ""], machine, left=2),
        "",
        markdown_table(["allocator", "version", "SHA-256"],
                       [(label, one["version"], one["sha256"] or "-") for label, one in session["allocators"].items()],
                       left=3),
    ])


def reading():
    return f"""## How to read this

Runs are interleaved (A B C A B C ...), all figures are medians, ± is half the range in percent of the
median: behind a figure that of its runs, behind a ratio that of the peer's. A ratio is hakmem / peer: below
1 hakmem is better. The time of a row is what its program prints for its timed part (`timed`), the whole
process (`wall`), or user plus system time (`cpu`); of a server only the server is counted. Each allocator
was first proven to serve the command, by the symbols that ld.so binds; where it did not, the row says so.
Before the full form measures, free memory is touched once (Linux 5.14 and later): what a virtual machine's host has not given yet costs
twenty times as much at the first touch, and would fall to whoever asks for huge pages (`scripts/lib/bench_memory.py`).
A mean leaves out the rows in which hakmem or that peer failed, and then says of how many rows it is.

`{AGAIN}` is a copy of the same library, run as one more allocator (A/A): its ratio should be 1.00,
and what it is off by is noise. A ratio is a tie within that of its row, within half the range of all runs of both
copies, within the median of all rows' noise, or within {LEAST_BAND:.0%}, whichever is most. **{LOSS}** marks a row in
which the best peer wins; of the rows of this form none is left out.

Few runs on few shared cores say little of a small difference: where the A/A column is off by as much as a ratio
is, that ratio is noise, in a mean as in a row. Allocators run as they are installed. Some ask for huge pages
(MADV_HUGEPAGE) and some do not: on a machine whose setting above is `madvise`, those that do have fewer page
faults and more resident memory for it. hakmem does where slabs of small blocks will fill, and everywhere with `HAKMEM_THP=always`."""


def goals(figures):
    lines = [(goal.what, *goal.shown(), goal.state(), goal.remark)
             for goal in bench_goals.all_goals(figures)]
    words = ("What the project has set itself: the goal is what is aimed at, the floor what is the least to be called "
             "done. Judged by the figures as they are, noise not allowed for.\n\n")
    headers = ["hakmem / peer, geometric means", "measured", "goal", "floor", "", "where"]
    return "## Goals\n\n" + words + markdown_table(headers, lines) + luck(figures)


def luck(figures):
    """How much of the distance to the best of many peers is their luck."""
    found = [(WORDS[measure][0].lower() + WORDS[measure][1:], figures.mean_against_best(measure, figures.rows),
              figures.mean_against_chosen(measure, figures.rows)) for measure in WORDS]
    told = [f"{word} {times(chosen)} in place of {times(best)}" for word, best, chosen in found if chosen and best]
    if not told:
        return ""
    return (f"\n\nThe best of {len(figures.peers)} peers by a few runs is also the luckiest. Chosen for each row by "
            f"{CHOOSING_RUNS} of the runs and compared in the others, over all such choices: {'; '.join(told)}.")


def mean_cell(figures, label, measure, names):
    """A geometric mean, and of how many rows where some are missing."""
    count = len(figures.ratios_against(label, measure, names))
    missing = "" if count in (0, len(names)) else f" **({count} of {len(names)})**"
    return times(figures.mean_against(label, measure, names)) + missing


def means(figures, measure):
    """Geometric means by group, against each peer and the best."""
    lines = []
    for group in (*rows.GROUPS, None):
        names = figures.group_rows(*([group] if group else []))
        if not names:
            continue
        against = [mean_cell(figures, label, measure, names) for label in figures.peers]
        compared = len(figures.verdicts(measure, names))
        count = len(names) if compared == len(names) else f"**{compared} of {len(names)}**"
        lines.append((group or "**all**", count, *against,
                      f"**{times(figures.mean_against_best(measure, names))}**",
                      mean_cell(figures, AGAIN, measure, names)))
    headers = ["group", "rows", *figures.peers, f"{BEST[measure]} of each row", "A/A"]
    return f"### {WORDS[measure]}\n\n" + markdown_table(headers, lines)


def all_means(figures):
    return "## Geometric means, hakmem / peer\n\n" + means(figures, "time") + "\n\n" + means(figures, RSS)


def losses(figures):
    """The rows that hakmem loses, the worst first."""
    parts = ["## Rows that hakmem loses"]
    for measure in WORDS:
        verdicts = figures.verdicts(measure)
        lost = sorted((one for one in verdicts if one.kind == LOSS), key=lambda one: -one.ratio)
        count = {kind: sum(one.kind == kind for one in verdicts) for kind in ("win", "tie", LOSS)}
        without = [row for row in figures.rows if row not in {one.row for one in verdicts}]
        parts.append(f"{WORDS[measure]}, against the {BEST[measure]} peer of each row: {count[LOSS]} lost, {count['tie']} "
                     f"tied, {count['win']} won of {len(figures.rows)} rows."
                     + (f" **No figures for hakmem or every peer: {', '.join(without)}.**" if without else ""))
        if lost:
            parts.append(markdown_table(["row", BEST[measure], "hakmem / it", "tie within"],
                                        [(one.row, one.best, times(one.ratio), f"±{100 * one.band:.0f}%") for one in lost],
                                        left=2))
    return "\n\n".join(parts)


def together(figures):
    """Who is beaten in time and memory at once, and where hakmem is."""
    labels = [SUBJECT, *figures.peers]
    beaten = {label: [row for row in figures.rows if figures.beaten_by(row, label)] for label in labels}
    counts = [(label, len(beaten[label])) for label in sorted(labels, key=lambda label: len(beaten[label]))]
    both = lambda row, label: f"{times(figures.ratio(row, label, 'time'))} {times(figures.ratio(row, label, RSS))}"
    lines = [(row, ", ".join(f"{label} ({both(row, label)})" for label in figures.beaten_by(row, SUBJECT)))
             for row in beaten[SUBJECT]]
    words = (f"Rows in which some other allocator is both faster and smaller, each by {BEATEN_BY:.0%} at least, of "
             f"{len(figures.rows)} rows.\n\n")
    parts = ["## Time and memory together\n\n" + words + markdown_table(["allocator", "rows in which it is beaten so"], counts)]
    if lines:
        parts.append(markdown_table(["row", "by (hakmem's time and memory, x of its)"], lines, left=2))
    return "\n\n".join(parts)


def failures(figures):
    lines = list(figures.failures())
    if not lines:
        return "## Not measured\n\nNothing: every allocator served every row."
    return "## Not measured\n\n" + markdown_table(["row", "allocator", "why"], lines, left=3)


def peer_cell(figures, row, label, measure, band):
    """hakmem / one peer, and by how much the peer's own times spread."""
    if figures.median(row, label, measure) is None:
        return "failed"
    ratio = figures.ratio(row, label, measure)
    spread = f" ±{figures.spread(row, label, measure):.0f}%" if measure == "time" and ratio is not None else ""
    return marked(ratio, band) + spread


def row_cells(figures, row, measure):
    """One line of a group's table."""
    value = figures.median(row, SUBJECT, measure)
    verdict = figures.verdict(row, measure)
    band = figures.band(row, measure)
    own = f"{number(value)} ±{figures.spread(row, SUBJECT, measure):.0f}%" if value is not None else "failed"
    cells = [row, *([figures.session["rows"][row]["judged"]] if measure == "time" else []), own,
             times(figures.ratio(row, AGAIN, measure))]
    for label in figures.peers:
        cells.append(peer_cell(figures, row, label, measure, band))
    if verdict is None:
        return [*cells, "-", "-", "-"]
    kind = f"**{LOSS}**" if verdict.kind == LOSS else verdict.kind
    return [*cells, verdict.best, times(verdict.ratio), kind]


def group_table(figures, group, measure):
    headers = ["row", *(["time is"] if measure == "time" else []), f"hakmem {UNITS[measure]}", "A/A", *figures.peers,
               BEST[measure], "hakmem / it", ""]
    return markdown_table(headers, [row_cells(figures, row, measure) for row in figures.group_rows(group)])


def groups(figures):
    """Each group: what its rows are, time, memory."""
    parts = []
    for group in rows.GROUPS:
        names = figures.group_rows(group)
        if not names:
            continue
        what = [(row, figures.session["rows"][row]["phenomenon"]) for row in names]
        parts += [f"## {group.capitalize()}", markdown_table(["row", "what it does"], what, left=2),
                  "Time, hakmem / peer:", group_table(figures, group, "time"),
                  "Peak RSS, hakmem / peer:", group_table(figures, group, RSS)]
    return "\n\n".join(parts)


def details(figures):
    """Medians of every field, and of every allocator."""
    lines = []
    for row in figures.rows:
        for label in figures.labels:
            cell = figures.cells[row].get(label)
            if cell is not None and cell.is_measured():
                value = lambda name: figures.median(row, label, name)
                lines.append((row, label, len(cell.runs()), number(value("wall_s")),
                              f"±{figures.spread(row, label, 'wall_s'):.0f}%", number(value("printed_s")),
                              number(value("cpu_s")), number(value("rss_mib")), f"{value('minor_faults'):.0f}"))
            else:
                lines.append((row, label, 0, (cell.failure.split(":")[0] if cell else "") or "not run", "-", "-", "-", "-", "-"))
    headers = ["row", "allocator", "runs", "wall s", "±", "timed s", "user+sys s", "peak RSS MiB", "minor faults"]
    return ("## All medians\n\n<details>\n<summary>every row under every allocator</summary>\n\n"
            + markdown_table(headers, lines, left=2) + "\n\n</details>")


def shown_command(row):
    """A command on one line, quoted for a shell; long scripts are cut."""
    words = [shlex.quote(word) if len(word) <= 60 and "\n" not in word else f"'{' '.join(word.split())[:50]}...'"
             for word in row["command"]]
    return "`" + " ".join(words) + "`"


def commands(figures):
    """The command of each row; what ends in ... stands whole in session.json."""
    lines = [(row, shown_command(figures.session["rows"][row])) for row in figures.rows]
    return ("## Commands\n\nIn the root of the project, with LD_PRELOAD set to the library; @DIR@ is a temporary folder. "
            "What ends in ... stands whole in [session.json](benchmarks/session.json).\n\n"
            + markdown_table(["row", "command"], lines, left=2))


def plots():
    return "## Plots\n\n" + "\n\n".join(f"![{title}](benchmarks/{name})" for name, title in PLOTS)


def whole_report(figures, additions):
    """The page; `additions` are sections that others have written."""
    sections = [introduction(figures), reading(), goals(figures), all_means(figures), losses(figures), together(figures), plots(),
                groups(figures), failures(figures), *additions, details(figures), commands(figures)]
    return "\n\n".join(sections) + "\n"
