//! The runs of one test: a baseline without preload, a proof run with the
//! linker's log, and repeats with the preload only. All must produce the same.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, thread};

use libtest_mimic::{Failed, Trial};

use super::run::{Purpose, Run};
use super::sandbox::Sandbox;
use super::served::{self, Importer};

/// Runs under the preload of a threaded program in the long form.
const LONG_THREADED_RUNS: usize = 20;
/// Runs under the preload of everything else.
const SHORT_RUNS: usize = 2;

/// What the programs of a scenario do, as far as the number of runs depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One thread: the same run gives the same calls.
    Single,
    /// Threads or servers: each run interleaves anew, so the long form repeats it.
    Threaded,
}

/// What the proof run is good for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It is a full run, compared with the baseline like any other.
    FullRun,
    /// The scenario does less in it, because the log disturbs the program.
    Shortened,
}

/// One test.
pub struct Plan {
    /// Name of the test, `program/what`.
    pub name: &'static str,
    /// How often it is repeated.
    pub kind: Kind,
    /// Whether the proof run counts as a full one.
    pub proof: Proof,
    /// Longest time for one run.
    pub limit: Duration,
    /// Runs at the same time; above 1 only for programs that mostly sleep.
    pub lanes: usize,
    /// Objects whose allocations the library must serve.
    pub importers: &'static [Importer],
    /// The scenario.
    pub body: fn(&mut Run) -> Result<(), String>,
}

impl Plan {
    /// The usual plan: a threaded program, 60 seconds, one run at a time.
    pub const fn threaded(
        name: &'static str,
        importers: &'static [Importer],
        body: fn(&mut Run) -> Result<(), String>,
    ) -> Self {
        let limit = Duration::from_secs(60);
        Self { name, kind: Kind::Threaded, proof: Proof::FullRun, limit, lanes: 1, importers, body }
    }

    /// The usual plan for a program with one thread.
    pub const fn single(
        name: &'static str,
        importers: &'static [Importer],
        body: fn(&mut Run) -> Result<(), String>,
    ) -> Self {
        let limit = Duration::from_secs(60);
        Self { name, kind: Kind::Single, proof: Proof::FullRun, limit, lanes: 1, importers, body }
    }

    /// Turns the plan into a test for the harness.
    pub fn into_trial(self) -> Trial {
        Trial::test(self.name, move || {
            let library = library_under_test()?;
            self.carry_out(&library).map_err(Failed::from)
        })
    }

    /// Makes all runs and compares them.
    ///
    /// # Errors
    /// The first run that failed, was not served, or differs.
    pub fn carry_out(&self, library: &Path) -> Result<(), String> {
        let sandbox = Sandbox::create()?;
        let purposes = self.purposes();
        let mut baseline = None;
        let mut first = 0;
        for batch in purposes.chunks(self.lanes) {
            let runs = self.run_batch(&sandbox, library, batch, first);
            first += batch.len();
            for run in runs {
                let run = run?;
                match &baseline {
                    None => baseline = Some(run.record),
                    Some(expected) if self.is_compared(run.purpose) => {
                        if let Some(text) = run.record.difference_from(expected) {
                            return Err(format!("{}: {text}", describe(run.purpose, run.index)));
                        }
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }

    /// The purposes of all runs, the baseline first.
    fn purposes(&self) -> Vec<Purpose> {
        let long = env::var("HAKMEM_TEST_LONG").is_ok_and(|value| value == "1");
        let runs = if long && self.kind == Kind::Threaded { LONG_THREADED_RUNS } else { SHORT_RUNS };
        let counted = usize::from(self.proof == Proof::FullRun);
        let mut purposes = vec![Purpose::Baseline, Purpose::Proof];
        purposes.resize(purposes.len() + runs - counted, Purpose::Repeat);
        purposes
    }

    fn is_compared(&self, purpose: Purpose) -> bool {
        purpose != Purpose::Proof || self.proof == Proof::FullRun
    }

    /// Runs `batch` at the same time; a lone run always has the same folder, so
    /// that a path in a program's output is no difference.
    fn run_batch(
        &self,
        sandbox: &Sandbox,
        library: &Path,
        batch: &[Purpose],
        first: usize,
    ) -> Vec<Result<Run, String>> {
        thread::scope(|scope| {
            let start = |(lane, purpose): (usize, &Purpose)| {
                let (purpose, root) = (*purpose, sandbox.path().join(format!("lane{lane}")));
                scope.spawn(move || self.run_once(purpose, first + lane, &root, library))
            };
            let threads: Vec<_> = batch.iter().enumerate().map(start).collect();
            threads.into_iter().map(|t| t.join().expect("a scenario panicked")).collect()
        })
    }

    fn run_once(&self, purpose: Purpose, index: usize, root: &Path, library: &Path) -> Result<Run, String> {
        let explain = |text: String| format!("{}: {text}", describe(purpose, index));
        let mut run = Run::prepare(purpose, index, root, library, self.limit)?;
        (self.body)(&mut run).map_err(explain)?;
        if run.record.is_empty() && self.is_compared(purpose) {
            return Err(explain("the scenario recorded nothing to compare".to_owned()));
        }
        if purpose == Purpose::Proof {
            let name = library.file_name().unwrap_or_default().to_string_lossy();
            served::prove(&run.bindings_dir(), &name, self.importers).map_err(explain)?;
        }
        Ok(run)
    }
}

fn describe(purpose: Purpose, index: usize) -> String {
    match purpose {
        Purpose::Baseline => "run without preload".to_owned(),
        Purpose::Proof => format!("run {index}, with preload and linker log"),
        Purpose::Repeat => format!("run {index}, with preload"),
    }
}

/// The library to preload: `HAKMEM_LIB`, else target/release/libhakmem.so.
///
/// # Errors
/// A sentence saying how to build it, or that its path cannot be preloaded.
pub fn library_under_test() -> Result<PathBuf, String> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/libhakmem.so");
    let path = env::var_os("HAKMEM_LIB").map_or(built, PathBuf::from);
    let full = path
        .canonicalize()
        .map_err(|e| format!("{}: {e}; run `cargo build --release` or set HAKMEM_LIB", path.display()))?;
    if full.to_string_lossy().contains([' ', ':']) {
        return Err(format!("{}: LD_PRELOAD takes no path with a blank or colon", full.display()));
    }
    Ok(full)
}
