"""Runs rows under allocators, interleaved, and writes each run down as it is made."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

from lib import measure, proof
from lib.allocators import Allocator, Variant
from lib.bench_checkpoint import OK, SERVED
from lib.bench_judge import AGAIN, SUBJECT
from lib.measure import RunFailed

LIBC = Path("/lib/x86_64-linux-gnu/libc.so.6")
# What a run costs beside the command, and a proof by a short command.
START_S = 0.03
SHORT_PROOF_S = 0.1


def copy_again(own, folder):
    """A second allocator that is a copy of hakmem's file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.resolve() / "libhakmem-again.so"
    shutil.copyfile(own.library, path)
    return Allocator(AGAIN, path)


def with_again(chosen, folder):
    """The allocators with hakmem's copy at the end, as far from hakmem as can be."""
    own = next(one for one in chosen if one.name == SUBJECT)
    return [*chosen, copy_again(own, folder)]


def estimate_s(rows, allocator_count, runs):
    """About how long all of it takes."""
    total = 0.0
    for row in rows:
        proof_s = SHORT_PROOF_S if row.proof_command else 1.5 * row.seconds
        total += allocator_count * (runs * (row.seconds + START_S) + proof_s)
    return total


def variant_for(row, allocator):
    """How a row is put under an allocator: glibc must be preloaded over one that the program links."""
    if row.links_an_allocator and allocator.library is None:
        return Variant(allocator.name, replace(allocator, library=LIBC))
    return Variant(allocator.name, allocator)


class Runner:
    """Works through rows; what the checkpoint has already is not run again."""

    def __init__(self, checkpoint, chosen, runs, timeout_s, bar):
        self.checkpoint = checkpoint
        self.chosen = chosen
        self.runs = runs
        self.timeout_s = timeout_s
        self.bar = bar
        self.proofs = {}  # (command, variables, allocator): why not, or None

    def execute(self, row):
        return row.server.execute if row.server else measure.run

    def prove(self, row, variant):
        """Proves who serves a row, once for all rows of one program."""
        cell = self.checkpoint.cell(row.name, variant.label)
        if cell.is_proven or cell.failure:
            return
        key = (row.proven_by(), tuple(row.env.items()), variant.label)
        if key not in self.proofs:
            self.proofs[key] = proof.prove(row.proven_by(), variant, row.env, self.timeout_s, self.execute(row))
        reason = self.proofs[key]
        self.checkpoint.append(row.name, variant.label, 0, None, reason or SERVED)

    def measure(self, row, variant, run):
        """One run, written down; a failure ends the allocator's part in this row."""
        try:
            sample = measure.measure(row.command, variant, row.env, self.timeout_s, self.execute(row))
            self.checkpoint.append(row.name, variant.label, run, sample, OK)
        except RunFailed as reason:
            self.checkpoint.append(row.name, variant.label, run, None, f"failed: {reason}")

    def run_row(self, row):
        """The proofs of a row, then its runs in rounds over all allocators."""
        variants = [variant_for(row, allocator) for allocator in self.chosen]
        self.bar.set_description(row.name[:30])
        for variant in variants:
            self.prove(row, variant)
        for run in range(1, self.runs + 1):
            for variant in variants:
                cell = self.checkpoint.cell(row.name, variant.label)
                if not cell.failure and run not in cell.samples:
                    self.measure(row, variant, run)
                self.bar.update()

    def run_all(self, rows, report_row):
        """All rows; `report_row` is called with the name of each that is done."""
        for row in rows:
            self.run_row(row)
            self.bar.clear()
            report_row(row.name)
            sys.stdout.flush()
