//! Tests of the machinery: each of the ways in which a scenario must fail does fail.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

use super::plan::{Plan, library_under_test};
use super::record::Record;
use super::run::{Purpose, Run};
use super::sandbox::Sandbox;
use super::served::{self, Importer, malloc_of};

/// One test: it fails with a sentence.
type Test = fn() -> Result<(), String>;

/// All tests of the machinery.
pub fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 7] = [
        ("harness/a_difference_is_named", a_difference_is_named),
        ("harness/a_difference_fails_a_plan", a_difference_fails_a_plan),
        ("harness/an_unserved_program_fails", an_unserved_program_fails),
        ("harness/a_stranger_fails_the_proof", a_stranger_fails_the_proof),
        ("harness/a_missing_program_fails", a_missing_program_fails),
        ("harness/a_message_of_the_allocator_fails", a_message_of_the_allocator_fails),
        ("harness/a_timeout_ends_all_children", a_timeout_ends_all_children),
    ];
    let trial = |(name, test): (&str, Test)| Trial::test(name, move || test().map_err(Failed::from));
    tests.into_iter().map(trial).collect()
}

/// The test's verdict on an error that had to come and had to hold `part`.
fn demand_error<T>(result: Result<T, String>, part: &str) -> Result<(), String> {
    match result {
        Ok(_) => Err(format!("no error, although one about `{part}` had to come")),
        Err(text) if text.contains(part) => Ok(()),
        Err(text) => Err(format!("`{text}` does not hold `{part}`")),
    }
}

fn plan(body: fn(&mut Run) -> Result<(), String>) -> Plan {
    const SORT: &[Importer] = &[malloc_of("sort")];
    Plan::single("harness", SORT, body)
}

fn some_run(sandbox: &Sandbox) -> Result<Run, String> {
    let limit = Duration::from_secs(20);
    Run::prepare(Purpose::Baseline, 0, sandbox.path(), Path::new("unused"), limit)
}

fn a_difference_is_named() -> Result<(), String> {
    let (mut one, mut other) = (Record::default(), Record::default());
    one.add("stdout", b"a\nb\n");
    other.add("stdout", b"a\nc\n");
    let text = one.difference_from(&other).ok_or("no difference seen")?;
    if text.contains("line 2") { Ok(()) } else { Err(format!("no line number in `{text}`")) }
}

fn a_difference_fails_a_plan() -> Result<(), String> {
    let body = |run: &mut Run| {
        run.observe("version", run_sort(run)?)?;
        run.record.add("index", run.index.to_string().as_bytes());
        Ok(())
    };
    demand_error(plan(body).carry_out(&library_under_test()?), "`index` differs")
}

fn an_unserved_program_fails() -> Result<(), String> {
    let body = |run: &mut Run| {
        let mut sort = run_sort(run)?;
        sort.env_remove("LD_PRELOAD");
        run.observe("version", sort).map(drop)
    };
    demand_error(plan(body).carry_out(&library_under_test()?), "not served")
}

fn a_stranger_fails_the_proof() -> Result<(), String> {
    let sandbox = Sandbox::create()?;
    let lines = "1: binding file sort [0] to /lib/libx.so [0]: normal symbol `malloc' [V]\n\
                 1: binding file /lib/liby.so [0] to /lib/libc.so.6 [0]: normal symbol `calloc'\n";
    fs::write(sandbox.path().join("process.1"), lines).map_err(|e| e.to_string())?;
    let verdict = served::prove(sandbox.path(), "libx.so", &[malloc_of("sort")]);
    demand_error(verdict, "calloc of liby.so binds to libc.so.6")
}

fn a_missing_program_fails() -> Result<(), String> {
    let sandbox = Sandbox::create()?;
    demand_error(some_run(&sandbox)?.command("no-such-program"), "run scripts/setup")
}

fn a_message_of_the_allocator_fails() -> Result<(), String> {
    let sandbox = Sandbox::create()?;
    let mut run = some_run(&sandbox)?;
    let mut shell = run.command("sh")?;
    shell.args(["-c", "echo 'hakmem: double free of 0x10' >&2"]);
    demand_error(run.succeed(shell), "double free of 0x10")
}

/// The shell's child, not the shell, holds the marker file's writer open.
fn a_timeout_ends_all_children() -> Result<(), String> {
    let sandbox = Sandbox::create()?;
    let mut run = some_run(&sandbox)?;
    let mut shell = run.command("sh")?;
    shell.args(["-c", "sleep 300 & echo $! >child; wait"]);
    let running = run.start(shell)?;
    let deadline = Instant::now() + Duration::from_millis(500);
    demand_error(running.wait(deadline), "not finished in time")?;
    let pid = fs::read_to_string(run.dir().join("child")).map_err(|e| e.to_string())?;
    let patience = Instant::now() + Duration::from_secs(5);
    while Instant::now() < patience {
        if is_gone(pid.trim()) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(format!("process {} survived the time-out", pid.trim()))
}

/// True when the process ended; one that only waits to be reaped counts as ended.
fn is_gone(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with('Z'))
}

fn run_sort(run: &Run) -> Result<std::process::Command, String> {
    let mut sort = run.command("sort")?;
    sort.arg("--version");
    Ok(sort)
}
