"""The plots of the report, as SVG by matplotlib: the same bytes for the same figures."""

from lib import rows
from lib.bench_judge import RSS

WIDTH_INCHES = 9
ROW_INCHES = 0.24
LEGEND_COLUMNS = 4
MARKERS = "osD^vP*X<>hp"
# What lies beyond is drawn at the edge, and the label of the axis says so.
LIMITS = (0.1, 4.0)
TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4)
# The salt makes the names in the file the same each time; text stays text, so that it can be searched.
SETTINGS = {"svg.hashsalt": "hakmem", "svg.fonttype": "none", "font.size": 8, "font.family": "sans-serif"}


def load_matplotlib():
    """matplotlib.pyplot, set to write files."""
    import matplotlib
    # Debian's matplotlib starts without a window only when told so
    matplotlib.use("Agg")
    matplotlib.rcParams.update(SETTINGS)
    from matplotlib import pyplot
    return pyplot


def ratio_axis(axes, label):
    """A logarithmic x axis with 1 in its place."""
    axes.set_xscale("log")
    axes.set_xlim(LIMITS[0] * 0.94, LIMITS[1] * 1.06)
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.set_xticks([], minor=True)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.grid(axis="x", color="0.88")
    axes.set_axisbelow(True)
    axes.set_xlabel(label)


def clamp(ratio):
    return min(max(ratio, LIMITS[0]), LIMITS[1])


def save(pyplot, figure, path):
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)


def label_points(figures, names, label, measure):
    """(row number, ratio) of one peer, for the rows that both have."""
    pairs = ((place, figures.ratio(row, label, measure)) for place, row in enumerate(names))
    return [(place, clamp(ratio)) for place, ratio in pairs if ratio]


def mark_groups(axes, figures):
    """A line between the groups of rows, and their names at the right."""
    start = 0
    for group in rows.GROUPS:
        count = len(figures.group_rows(group))
        if count:
            axes.axhline(start - 0.5, color="0.5", linewidth=0.6)
            axes.text(1.01, start + (count - 1) / 2, group, transform=axes.get_yaxis_transform(), va="center")
        start += count


def draw_rows(pyplot, figures, measure, title, path):
    """Each row a line, group by group, each peer a marker at hakmem / peer; grey is what counts as a tie."""
    names = [row for group in rows.GROUPS for row in figures.group_rows(group)]
    height = 1.4 + ROW_INCHES * len(names)
    figure, axes = pyplot.subplots(figsize=(WIDTH_INCHES, height))
    for place, row in enumerate(names):
        band = figures.band(row, measure)
        axes.barh(place, 2 * band, left=1 - band, height=0.9, color="0.85", zorder=0)
    for number, label in enumerate(figures.peers):
        points = label_points(figures, names, label, measure)
        axes.scatter([ratio for _, ratio in points], [place for place, _ in points], s=20, alpha=0.85,
                     marker=MARKERS[number % len(MARKERS)], color=f"C{number % 10}", label=label)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    mark_groups(axes, figures)
    ratio_axis(axes, f"{title}: hakmem / peer (left of 1: hakmem is better; at the edge: {LIMITS[0]} or less, "
                     f"{LIMITS[1]:g} or more)")
    axes.tick_params(top=True, labeltop=True)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1 + 0.25 / height), ncol=LEGEND_COLUMNS, frameon=False)
    save(pyplot, figure, path)


def draw_means(pyplot, figures, path):
    """Geometric means by group: time and peak RSS side by side, a bar for each peer and one for the best."""
    groups = [group for group in rows.GROUPS if figures.group_rows(group)] + ["all"]
    names = [*figures.peers, "best of each row"]
    height = 1.2 + 0.13 * len(groups) * (len(names) + 1)
    figure, both = pyplot.subplots(1, 2, figsize=(WIDTH_INCHES, height), sharey=True)
    for axes, measure, title in zip(both, ("time", RSS), ("time", "peak RSS")):
        for number, name in enumerate(names):
            places, values = [], []
            for place, group in enumerate(groups):
                members = figures.group_rows(*([] if group == "all" else [group]))
                is_best = number == len(figures.peers)
                mean = (figures.mean_against_best(measure, members) if is_best
                        else figures.mean_against(name, measure, members))
                if mean:
                    places.append(place + (number - len(names) / 2 + 0.5) / (len(names) + 1))
                    values.append(clamp(mean))
            axes.barh(places, [value - 1 for value in values], left=1, height=0.9 / (len(names) + 1), label=name,
                      color="black" if number == len(figures.peers) else f"C{number % 10}")
        ratio_axis(axes, f"{title}, geometric mean of hakmem / peer")
    both[0].set_yticks(range(len(groups)), groups)
    both[0].set_ylim(len(groups) - 0.5, -0.5)
    for axes in both:
        axes.tick_params(axis="y", length=0)
        for place in range(1, len(groups)):
            axes.axhline(place - 0.5, color="0.88", linewidth=0.8)
    figure.legend(*both[0].get_legend_handles_labels(), loc="lower center", bbox_to_anchor=(0.5, 0.89),
                  ncol=LEGEND_COLUMNS, frameon=False)
    save(pyplot, figure, path)


def draw_all(figures, folder):
    """The three plots of the report."""
    pyplot = load_matplotlib()
    draw_means(pyplot, figures, folder / "means.svg")
    draw_rows(pyplot, figures, "time", "time", folder / "time.svg")
    draw_rows(pyplot, figures, RSS, "peak RSS", folder / "rss.svg")
