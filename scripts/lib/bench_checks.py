"""Checks of the parts of scripts/bench and scripts/compare that need no run: scripts/check-bench-runner starts them."""

import argparse
import contextlib
import copy
import io
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from lib import allocators, bench_checkpoint, bench_goals, bench_servers, bench_session, cli, measure, proof
from lib.bench_checkpoint import HEADER, RUNS_FILE, Cell, Checkpoint
from lib.bench_goals import Goal
from lib.bench_judge import Figures
from lib.bench_programs import program_rows
from lib.bench_run import estimate_s
from lib.bench_servers import server_rows
from lib.rows import workload_rows

GOLDEN = allocators.ROOT / "tests" / "golden" / "bench" / "benchmarks"
OK_LINE = "lua,{label},{run},0.1,0.1,3.0,9,,ok\n"


def session(**changes):
    """A session of one row and two allocators."""
    whole = bench_session.read_session(GOLDEN / bench_session.SESSION_FILE)
    labels = ("glibc", "hakmem")
    return {**whole, "rows": {"lua": whole["rows"]["lua"]}, "files": {"lua5.4": "1"},
            "allocators": {label: whole["allocators"][label] for label in labels}, **changes}


class InFolder(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hakmem-check-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write_runs(self, *lines):
        path = self.folder / RUNS_FILE
        path.write_text(",".join(HEADER) + "\n" + "".join(lines), encoding="utf-8")
        return path


class Words(unittest.TestCase):
    def test_elapsed(self):
        for text, value in ((b"elapsed_s=1e-05", 1e-5), (b"x elapsed_s=0.25 y", 0.25), (b"elapsed_s=...", None),
                            (b"elapsed_s=1.2.3", None), (b"elapsed_s=2s", None)):
            self.assertEqual(measure.printed_elapsed(text), value, text)

    def test_elapsed_that_is_not_to_be_trusted(self):
        for text in (b"elapsed_s=0.5 elapsed_s=0.25", b"elapsed_s=1e999"):
            with self.assertRaises(measure.RunFailed):
                measure.printed_elapsed(text)

    def test_numbers(self):
        self.assertEqual(cli.positive("999999999"), 999999999)
        for text in ("", "0", "000000000000", "-1", "1e3", "1" * 10, "9" * 5000):
            with self.assertRaises(argparse.ArgumentTypeError):
                cli.positive(text)

    def test_signals(self):
        self.assertEqual(measure.describe_status(-signal.SIGABRT), "killed by SIGABRT")
        self.assertEqual(measure.describe_status(-35), "killed by SIGRTMIN+1")

    def test_goals_show_the_side(self):
        self.assertEqual(Goal("", 1.052, 1.0, 1.05).shown(), ("1.052", "1.000", "1.050"))
        self.assertEqual(Goal("", 1.25, 1.0, 1.05).shown(), ("1.25", "1.00", "1.05"))
        self.assertEqual(Goal("", 0.8320, 1 / 1.2, 1 / 1.1).shown()[:2], ("0.832", "0.833"))


class Allocators(InFolder):
    def test_names(self):
        file = self.folder / "x.so"
        file.touch()
        for name in ("", "a|b", "a b", "a:b", "all", "glibc"):
            self.assertRaises(ValueError, allocators.select, f"{name}={file}")
        self.assertRaises(ValueError, allocators.select, f"x={self.folder}")
        self.assertEqual([one.library for one in allocators.select(f"hakmem={file},x={file}")], [file, file])

    def test_paths_are_meant_from_here(self):
        self.assertEqual(allocators.absolute("glibc,x=a.so"), f"glibc,x={Path.cwd()}/a.so")


class Sessions(InFolder):
    def test_difference(self):
        begun = session()
        self.assertIsNone(bench_session.difference(begun, copy.deepcopy(begun)))
        for name, other in (("form", "full form"), ("runs", 9), ("machine", {}), ("files", {"lua5.4": "2"}), ("rows", {}),
                            ("allocators", {})):
            self.assertIn("in the run that was begun" if name in ("form", "runs") else "differ",
                          bench_session.difference(begun, session(**{name: other})))

    def test_wrong_types(self):
        path = self.folder / bench_session.SESSION_FILE
        for changes in ({"runs": "3"}, {"machine": []}, {"rows": {"lua": {}}}, {"allocators": {"x": None}}, {"counts": 1},
                        {"rows": {"lua": {**session()["rows"]["lua"], "group": "none"}}}):
            bench_session.write_session(path, session(**changes))
            self.assertRaises(ValueError, bench_session.read_session, path)

    def test_writing_is_atomic(self):
        path = self.folder / bench_session.SESSION_FILE
        bench_session.write_session(path, session())
        with mock.patch.object(Path, "replace", side_effect=OSError), self.assertRaises(OSError):
            bench_session.write_session(path, session(runs=9))
        self.assertEqual(bench_session.read_session(path)["runs"], session()["runs"])


class Goals(unittest.TestCase):
    def test_the_rows_that_goals_name_are_there(self):
        names = [row.name for row in workload_rows()]
        for name in (bench_goals.START_ROW, bench_goals.MID_LARGE_ROW):
            self.assertIn(name, names)
        self.assertTrue(any(name.startswith(bench_goals.RANDOM_PREFIX) for name in names))


class Checkpoints(InFolder):
    def test_the_last_line_of_a_failed_run_counts(self):
        path = self.write_runs("lua,glibc,1,,,,,,failed: x\n", OK_LINE.format(label="glibc", run=1))
        self.assertTrue(bench_checkpoint.read(path, session())["lua"]["glibc"].is_measured())
        self.write_runs(OK_LINE.format(label="glibc", run=1), OK_LINE.format(label="glibc", run=1))
        self.assertRaises(ValueError, bench_checkpoint.read, path, session())

    def test_a_run_beyond_those_of_the_session_is_refused(self):
        path = self.write_runs(OK_LINE.format(label="glibc", run=session()["runs"]))
        bench_checkpoint.read(path, session())
        self.write_runs(OK_LINE.format(label="glibc", run=session()["runs"] + 1))
        self.assertRaises(ValueError, bench_checkpoint.read, path, session())

    def test_failures_are_tried_again(self):
        self.write_runs("lua,glibc,0,,,,,,refused: x\n")
        checkpoint = Checkpoint(self.folder)
        bench_session.write_session(checkpoint.session_path, session())
        checkpoint.go_on()
        self.assertEqual(checkpoint.cell("lua", "glibc").failure, "")

    def test_one_at_a_time(self):
        first, second = Checkpoint(self.folder), Checkpoint(self.folder)
        self.addCleanup(lambda: [one.lock_file.close() for one in (first, second)])
        first.lock()
        self.assertRaises(ValueError, second.lock)

    def test_rows_without_runs_are_told(self):
        self.assertEqual(list(Figures(session(), {}).failures()), [("lua", "glibc", "not run"), ("lua", "hakmem", "not run")])


class Judgements(unittest.TestCase):
    def figures(self, **allocators):
        """Figures of one row: of each allocator the processor times of its runs, and its memory."""
        whole = session()
        versions = {label.replace("_", "-"): whole["allocators"]["glibc"] for label in allocators}
        sample = lambda time, rss_mib: SimpleNamespace(cpu_s=time, wall_s=time, printed_s=None, rss_mib=rss_mib)
        cells = {label.replace("_", "-"): Cell({run: sample(time, rss) for run, time in enumerate(times)}, True)
                 for label, (times, rss) in allocators.items()}
        return Figures({**whole, "allocators": versions}, {"lua": cells})

    def test_who_was_lucky_once_is_not_chosen_by_the_runs_it_is_compared_in(self):
        figures = self.figures(hakmem=([10] * 5, 1), glibc=([10] * 5, 1), jemalloc=([10, 10, 5, 15, 15], 1))
        self.assertEqual(figures.ratio_to_chosen("lua", "time"), figures.mean_against_chosen("time", ["lua"]))
        self.assertLess(figures.ratio_to_chosen("lua", "time"), 1)
        steady = self.figures(hakmem=([12] * 5, 1), glibc=([10] * 5, 1), jemalloc=([11] * 5, 1))
        self.assertAlmostEqual(steady.ratio_to_chosen("lua", "time"), 1.2)

    def test_too_few_runs_to_choose_by(self):
        few = self.figures(hakmem=([1] * 3, 1), glibc=([1] * 3, 1))
        self.assertIsNone(few.ratio_to_chosen("lua", "time"))
        self.assertIsNone(few.mean_against_chosen("time", ["lua"]))

    def test_beaten_is_in_time_and_memory_at_once(self):
        figures = self.figures(hakmem=([10], 10), glibc=([9], 9), jemalloc=([5], 9.6), tcmalloc=([11], 5),
                               hakmem_again=([5], 5))
        self.assertEqual(figures.beaten_by("lua", "hakmem"), ["glibc"])
        self.assertEqual(figures.beaten_by("lua", "glibc"), [])
        self.assertEqual(figures.beaten_by("lua", "tcmalloc"), [])


class Rows(unittest.TestCase):
    def test_none_that_was_published_is_gone_or_another(self):
        published = bench_session.read_session(allocators.ROOT / "docs" / "benchmarks" / bench_session.SESSION_FILE)["rows"]
        now = {row.name: row.as_dict() for row in (*workload_rows(), *program_rows(), *server_rows())}
        self.assertEqual([name for name, row in published.items() if now.get(name, {}).get("command") != row["command"]], [])

    def test_threads(self):
        """What runs with several threads runs with 2, 4, 8 and 64 of them, but for 64 that write whole large blocks."""
        names = {row.name for row in workload_rows()}
        for text in ("random_mixed", "mid_large_mt", "calloc", "lifetime mid", "lifetime pareto", "slab_churn same", "tree",
                     "slab_churn switch", "bleed", "large ends", "false_sharing active", "thread_churn", "ring", "fragment",
                     "phases"):
            for threads in (2, 4, 8, 64):
                self.assertTrue(any(name.startswith(f"{text} {threads} ") for name in names), f"{text} {threads}")

    def test_the_full_form_is_done_within_the_hour(self):
        rows = (*workload_rows(), *program_rows(), *server_rows())
        self.assertLessEqual(estimate_s(rows, 12, 5) / 60, 55)


class Runs(InFolder):
    def test_without_strace_that_is_said(self):
        self.addCleanup(proof.can_watch.cache_clear)
        proof.can_watch.cache_clear()
        said = io.StringIO()
        with mock.patch.object(proof.shutil, "which", return_value=None), contextlib.redirect_stderr(said):
            self.assertEqual(proof.watch_starts(self.folder) + proof.watch_starts(self.folder), [])
        self.assertEqual(said.getvalue().count("goes unnoticed"), 1)

    def test_a_step_ends_with_all_it_started(self):
        def alarm(*_):
            raise KeyboardInterrupt
        before = signal.signal(signal.SIGALRM, alarm)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with self.assertRaises(KeyboardInterrupt):
            cli.step(["sh", "-c", f"echo $$ >{self.folder}/pid; sleep 1000 & wait"])
        group = int((self.folder / "pid").read_text(encoding="ascii"))
        states = subprocess.run(["ps", "-o", "stat=", "-g", str(group)], capture_output=True, text=True, check=False).stdout
        self.assertEqual([state for state in states.split() if state[0] != "Z"], [])

    def test_a_server_that_has_ended(self):
        launcher = self.folder / measure.LAUNCHER.name
        shutil.copy("/bin/sleep", launcher)
        with subprocess.Popen([launcher, "1000"]) as process:
            try:
                # exec is done a little before the process has its new name
                while Path(f"/proc/{process.pid}/comm").read_text(encoding="ascii").strip() != launcher.name:
                    time.sleep(0.01)
                self.assertRaises(measure.RunFailed, bench_servers.served_process, process)
            finally:
                process.kill()

    def test_failed_counts_are_told_and_the_report_written(self):
        loader = SourceFileLoader("bench", str(allocators.ROOT / "scripts" / "bench"))
        bench = module_from_spec(spec_from_loader("bench", loader))
        loader.exec_module(bench)
        self.write_runs(OK_LINE.format(label="glibc", run=1), OK_LINE.format(label="hakmem", run=1))
        checkpoint = Checkpoint(self.folder)
        options = SimpleNamespace(rows=None, output=self.folder / "report")
        for status in (0, 1):
            result = subprocess.CompletedProcess([], status, b"## Counts", b"no library")
            with mock.patch.object(cli, "step", return_value=result):
                self.assertEqual(bench.publish(options, checkpoint, session()), status)
            text = (options.output / "benchmarks.md").read_text(encoding="utf-8")
            self.assertEqual("scripts/counts failed: exit code 1: no library" in text, status == 1)


if __name__ == "__main__":
    os.chdir(allocators.ROOT)
    unittest.main()
