"""Medians, spreads, ratios, and tables of them: plain text, or markdown."""

from statistics import median


def spread_percent(values):
    """Half the range, in percent of the median."""
    middle = median(values)
    return 100 * (max(values) - min(values)) / 2 / middle if middle else 0.0


def ratio(value, base):
    """`value` in units of `base`, as text; a dash where there is no base."""
    return f"{value / base:.2f}x" if base else "-"


def render(headers, rows, left_columns=1):
    """Lines up columns; the first `left_columns` to the left, numbers to the right."""
    table = [headers, *rows]
    widths = [max(len(str(row[i])) for row in table) for i in range(len(headers))]
    lines = []
    for row in table:
        cells = [str(cell).ljust(width) if i < left_columns else str(cell).rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def markdown_table(headers, lines, left=1):
    """A table whose first `left` columns stand to the left."""
    cells = lambda line: "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |"
    rule = "|" + "---|" * left + "--:|" * (len(headers) - left)
    return "\n".join([cells(headers), rule, *(cells(line) for line in lines)])


def number(value, digits=3):
    """A figure with some significant digits, without an exponent."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 10 ** digits else f"{value:.{digits}g}"


def field_median(samples, field_name):
    """The median of one field over samples; None when a sample lacks it."""
    values = [getattr(sample, field_name) for sample in samples]
    return None if any(value is None for value in values) else median(values)
