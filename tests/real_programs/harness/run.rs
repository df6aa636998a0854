//! One execution of a scenario: its folder, its environment, its deadline and
//! what it has produced so far.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use super::process::{Finished, Running};
use super::record::Record;
use super::sandbox::empty_dir;

/// Debian's programs, whatever the caller's PATH is.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin";

/// Variables of these tests themselves, which no program under test shall see.
const OWN_VARIABLES: [&str; 3] = ["HAKMEM_LIB", "HAKMEM_TEST_LONG", "HAKMEM_TEST_KEEP"];

/// What a run is made for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Without preload: what the others are compared with.
    Baseline,
    /// With preload and with the dynamic linker's log.
    Proof,
    /// With preload only.
    Repeat,
}

/// The state of one execution.
pub struct Run {
    /// Why this run is made.
    pub purpose: Purpose,
    /// 0 for the baseline, then counting up.
    pub index: usize,
    /// What it has produced so far.
    pub record: Record,
    root: PathBuf,
    library: PathBuf,
    deadline: Instant,
    commands: usize,
}

impl Run {
    /// Prepares empty folders below `root` for a run of at most `limit`.
    ///
    /// # Errors
    /// A sentence naming the folder that cannot be made.
    pub fn prepare(
        purpose: Purpose,
        index: usize,
        root: &Path,
        library: &Path,
        limit: Duration,
    ) -> Result<Self, String> {
        let run = Self {
            purpose,
            index,
            record: Record::default(),
            root: root.to_owned(),
            library: library.to_owned(),
            deadline: Instant::now() + limit,
            commands: 0,
        };
        for dir in [run.dir(), run.log_dir(), run.bindings_dir(), run.root.join("tmp")] {
            empty_dir(&dir)?;
        }
        Ok(run)
    }

    /// The folder in which the programs run, empty at first.
    pub fn dir(&self) -> PathBuf {
        self.root.join("work")
    }

    /// Where the dynamic linker writes its log in a proof run.
    pub fn bindings_dir(&self) -> PathBuf {
        self.root.join("bindings")
    }

    /// When the run has to be over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// A command for the Debian program `name` in this run's folder and environment.
    ///
    /// # Errors
    /// A missing program is a failure, with the hint how to install it.
    pub fn command(&self, name: &str) -> Result<Command, String> {
        let mut command = Command::new(find_program(name)?);
        self.prepare_environment(&mut command);
        Ok(command)
    }

    /// As [`Run::command`], for a server: it also ends when this test does.
    ///
    /// # Errors
    /// As [`Run::command`].
    pub fn server(&self, name: &str) -> Result<Command, String> {
        let mut command = self.command("setpriv")?;
        command.args(["--pdeathsig", "TERM", "--"]).arg(find_program(name)?);
        Ok(command)
    }

    /// Copies an input of tests/programs into the run's folder.
    ///
    /// # Errors
    /// A sentence naming the file that cannot be copied.
    pub fn bring(&self, name: &str) -> Result<(), String> {
        let from = programs_dir().join(name);
        let copied = fs::copy(&from, self.dir().join(name));
        copied.map_err(|e| format!("cannot copy {}: {e}", from.display()))?;
        Ok(())
    }

    /// Writes a file into the run's folder.
    ///
    /// # Errors
    /// A sentence naming the file that cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), String> {
        let path = self.dir().join(name);
        fs::write(&path, content).map_err(|e| format!("cannot write {}: {e}", path.display()))
    }

    /// Starts a program without waiting for it.
    ///
    /// # Errors
    /// As [`Running::start`].
    pub fn start(&mut self, command: Command) -> Result<Running, String> {
        self.commands += 1;
        let log = self.log_dir().join(format!("command{}", self.commands));
        Running::start(command, &log)
    }

    /// Runs a program to its end, whatever its status is.
    ///
    /// # Errors
    /// When it cannot be started, is too slow, or the allocator complained.
    pub fn execute(&mut self, command: Command) -> Result<Finished, String> {
        let deadline = self.deadline;
        let finished = self.start(command)?.wait(deadline)?;
        self.check_messages(&finished)?;
        Ok(finished)
    }

    /// Runs a program that has to end with status 0.
    ///
    /// # Errors
    /// As [`Run::execute`], and any other status.
    pub fn succeed(&mut self, command: Command) -> Result<Finished, String> {
        let finished = self.execute(command)?;
        check_success(&finished)?;
        Ok(finished)
    }

    /// Runs a program that has to end with status 0, and records its stdout.
    ///
    /// # Errors
    /// As [`Run::succeed`].
    pub fn observe(&mut self, label: &str, command: Command) -> Result<Finished, String> {
        let finished = self.succeed(command)?;
        self.record.add(label, &finished.stdout);
        Ok(finished)
    }

    /// Fails when stderr holds a message of the allocator or of a failed preload.
    ///
    /// # Errors
    /// The command, its status and its stderr.
    pub fn check_messages(&self, finished: &Finished) -> Result<(), String> {
        let complaints = ["hakmem:", "cannot be preloaded"];
        if complaints.iter().any(|text| finished.stderr.contains(text)) {
            return Err(finished.failure());
        }
        Ok(())
    }

    /// Records a file of the run's folder.
    ///
    /// # Errors
    /// As [`Record::add_file`].
    pub fn record_file(&mut self, name: &str) -> Result<(), String> {
        self.record.add_file(name, &self.dir().join(name))
    }

    fn log_dir(&self) -> PathBuf {
        self.root.join("logs")
    }

    fn prepare_environment(&self, command: &mut Command) {
        command.env_clear().current_dir(self.dir()).stdin(Stdio::null());
        command.env("PATH", PATH).env("HOME", self.dir()).env("TMPDIR", self.root.join("tmp"));
        command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        if self.purpose == Purpose::Baseline {
            return;
        }
        // Settings of the allocator reach the programs, so that one can test with them.
        let is_setting = |name: &OsStr| {
            let name = name.to_string_lossy();
            name.starts_with("HAKMEM_") && !OWN_VARIABLES.contains(&&*name)
        };
        command.envs(env::vars_os().filter(|(name, _)| is_setting(name)));
        command.env("LD_PRELOAD", &self.library);
        if self.purpose == Purpose::Proof {
            command.env("LD_DEBUG", "bindings");
            command.env("LD_DEBUG_OUTPUT", self.bindings_dir().join("process"));
        }
    }
}

/// Fails unless the program ended with status 0.
///
/// # Errors
/// The command, its status and its stderr.
pub fn check_success(finished: &Finished) -> Result<(), String> {
    if finished.status.success() { Ok(()) } else { Err(finished.failure()) }
}

/// The folder of scripts and inputs.
pub fn programs_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs")
}

/// The full path of a program, from [`PATH`] only.
fn find_program(name: &str) -> Result<PathBuf, String> {
    let candidates = PATH.split(':').map(|dir| Path::new(dir).join(name));
    let found = candidates.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| format!("{name} is not installed: run scripts/setup"))
}
