//! python3.11 of Debian: six of its own test modules, and two scripts.
//!
//! Runs alternate between python's small-object allocator (which takes arenas
//! from mmap) and `PYTHONMALLOC=malloc` (every object through malloc). The
//! results of both are compared with the same baseline.

use std::process::Command;
use std::time::Duration;

use crate::harness::plan::{Kind, Plan, Proof};
use crate::harness::run::{Purpose, Run, check_success};
use crate::harness::served::{Importer, malloc_of};

const PYTHON: &[Importer] = &[malloc_of("python3.11")];

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    vec![
        suite("python/test_multiprocessing_fork", 400, 3, |run| module(run, "multiprocessing_fork")),
        suite("python/test_subprocess", 200, 3, |run| module(run, "subprocess")),
        suite("python/test_threading", 120, 3, |run| module(run, "threading")),
        suite("python/test_json", 60, 1, |run| module(run, "json")),
        suite("python/test_ctypes", 60, 1, |run| module(run, "ctypes")),
        Plan::threaded("python/test_sqlite3", PYTHON, sqlite3_module),
        Plan::threaded("python/threads_and_json", PYTHON, threads_and_json),
    ]
}

/// A module of python's own tests. `lanes` above 1 for those that mostly sleep.
fn suite(name: &'static str, limit_seconds: u64, lanes: usize, body: fn(&mut Run) -> Result<(), String>) -> Plan {
    let limit = Duration::from_secs(limit_seconds);
    // The linker's log is an open file in every process of a proof run, and costs
    // megabytes per module: tests that list open files fail then. So the proof
    // run asks for a few tests only and is not compared.
    let (kind, proof) = (Kind::Threaded, Proof::Shortened);
    Plan { name, kind, proof, limit, lanes, importers: PYTHON, body }
}

/// Runs `test_<name>` and records which tests passed, failed or were skipped.
fn module(run: &mut Run, name: &str) -> Result<(), String> {
    let mut python = python(run)?;
    python.args(["-m", "test", "--junit-xml", "results.xml"]);
    if run.purpose == Purpose::Proof {
        python.args(["-m", "*test_[a-d]*"]);
    }
    python.arg(format!("test_{name}"));
    let finished = run.execute(python)?;
    let path = run.dir().join("results.xml");
    let xml = std::fs::read_to_string(&path).map_err(|e| format!("{e}; {}", finished.failure()))?;
    let results = results(&xml);
    if results.len() < 10 {
        return Err(format!("only {} results; {}", results.len(), finished.failure()));
    }
    if run.purpose == Purpose::Baseline {
        check_success(&finished).map_err(|text| format!("{text} {}", finished.text()))?;
    }
    run.record.add("tests", results.join("\n").as_bytes());
    run.record.add("status", finished.status_text().as_bytes());
    Ok(())
}

/// The tests of a JUnit file with their outcome, sorted; the times are dropped.
fn results(xml: &str) -> Vec<String> {
    let mut results: Vec<String> = xml.split("<testcase ").skip(1).filter_map(result).collect();
    results.sort();
    results
}

/// Reads `name="..." ... />`, or `name="..." ...><skipped>...</testcase>`.
fn result(case: &str) -> Option<String> {
    let name = case.split_once("name=\"")?.1.split_once('"')?.0;
    let inside = case.split_once("</testcase>").map_or("", |(inside, _)| inside);
    let outcomes = ["error", "failure", "skipped"];
    let outcome = outcomes.iter().find(|tag| inside.contains(&format!("<{tag}")));
    Some(format!("{name} {}", outcome.unwrap_or(&"passed")))
}

/// Debian does not ship test_sqlite3 (a folder of tests, not a file), so a
/// script of our own puts the same module to work.
fn sqlite3_module(run: &mut Run) -> Result<(), String> {
    run.bring("python_sqlite3.py")?;
    let mut python = python(run)?;
    python.arg("python_sqlite3.py");
    run.observe("sqlite3", python)?;
    run.record_file("dump.sql")
}

fn threads_and_json(run: &mut Run) -> Result<(), String> {
    run.bring("python_threads.py")?;
    let mut python = python(run)?;
    python.arg("python_threads.py");
    run.observe("threads", python).map(drop)
}

/// The interpreter, in the memory mode that this run is for.
fn python(run: &Run) -> Result<Command, String> {
    let mut python = run.command("python3.11")?;
    let mode = if run.purpose != Purpose::Baseline && run.index % 2 == 1 { "malloc" } else { "pymalloc" };
    // A fixed hash seed: the order of sets must not differ between runs.
    python.env("PYTHONMALLOC", mode).env("PYTHONHASHSEED", "0").env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(python)
}
