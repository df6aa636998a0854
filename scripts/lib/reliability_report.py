"""Writes docs/reliability.md from what scripts/reliability has kept of its long runs."""

import json

from lib import reliability_build as build
from lib import reliability_row as rows
from lib.allocators import ROOT
from lib.bench_report import markdown_table

REPORT = ROOT / "docs" / "reliability.md"
KEPT = ROOT / "docs" / "reliability.json"  # with the report, so that rows may be run at different times
SUBJECT = "hakmem"


def load():
    """{"rows": {row: {allocator: {...}}}, "soak": [...]}, as kept by earlier runs."""
    return json.loads(KEPT.read_text()) if KEPT.exists() else {"rows": {}, "soak": []}


def keep(results):
    KEPT.write_text(json.dumps(results, indent=1) + "\n")


def as_kept(result, commit):
    """A Result as it is kept."""
    return {"passed": result.counts["passed"], "tried": result.tried(), "hung": result.counts["hung"],
            "skipped": result.counts["skipped"], "reasons": result.reasons, "commit": commit}


def cell(kept):
    """Passed of tried, in words where that is not all."""
    if kept is None:
        return "-"
    if kept["skipped"]:
        return "SKIP"
    text = f"{kept['passed']}/{kept['tried']}"
    return f"{text}, hangs" if kept["hung"] else text


def is_missing(kept):
    return kept is None or kept["skipped"] or kept["passed"] < kept["tried"]


def section_text(name, of_section, results, peers):
    lines = []
    for row in of_section:
        kept = results.get(row.name, {})
        lines.append([row.sentence, f"`{build.shown(row, row.long)}`",
                      *(cell(kept.get(label)) for label in (SUBJECT, *peers))])
    return f"## {name}\n\n" + markdown_table(["what must hold", "command", SUBJECT, *peers], lines, left=2)


def reasons_text(of_all, results, peers):
    """Why a cell is not full, ours first."""
    lines = []
    for label in (SUBJECT, *peers):
        for row in of_all:
            kept = results.get(row.name, {}).get(label)
            if kept is None and label == SUBJECT:
                lines.append(f"- {label}, {row.name}: was not run.")
            elif kept is not None and is_missing(kept):
                reason = "; ".join(kept["reasons"]) or "no reason was printed"
                lines.append(f"- {label}, {row.name}: `{reason}`" + (f" ({row.peer_note})" if label != SUBJECT and row.peer_note else ""))
    return "## What did not pass, and why\n\n" + ("\n".join(lines) or "Nothing.")


def soak_text(soaks):
    if not soaks:
        return "## Soak\n\nNot run yet: `make soak MINUTES=n`."
    minutes = sum(one["minutes"] for one in soaks)
    tried, passed = sum(one["tried"] for one in soaks), sum(one["passed"] for one in soaks)
    found = [f"- {text}" for one in soaks for text in one["found"]]
    return (f"## Soak\n\n`make soak MINUTES=n`, {minutes:.0f} minutes in all ({', '.join(sorted({one['commit'] for one in soaks}))}): "
            f"the long forms, one after the other, again and again. {tried} tries, {passed} passed. "
            + ("It found:\n\n" + "\n".join(found) if found else "It found nothing."))


def write(of_all, peers):
    """The report of all rows, from what is kept."""
    kept = load()
    results = kept["rows"]
    sound = sum(not is_missing(results.get(row.name, {}).get(SUBJECT)) for row in of_all)
    commits = sorted({results[row.name][SUBJECT]["commit"] for row in of_all if SUBJECT in results.get(row.name, {})})
    parts = [
        "# Reliability",
        "Made by `scripts/reliability --peers`; do not edit. A cell is passed/tried of the long form; a hang is a "
        "failure, and so is SKIP. `-`: the row needs symbols of hakmem, or was not run. "
        f"{sound} of {len(of_all)} rows hold in every try. Library of commit {', '.join(commits) or '-'}.",
        *(section_text(name, group, results, peers) for name in rows.SECTIONS
          if (group := [row for row in of_all if row.section == name])),
        reasons_text(of_all, results, peers),
        soak_text(kept["soak"]),
    ]
    REPORT.write_text("\n\n".join(parts) + "\n")
