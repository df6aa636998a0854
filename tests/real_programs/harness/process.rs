//! Processes with a deadline: every program leads its own process group, so
//! that a time-out takes its children along.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longest sleep between two looks at a child.
const POLL: Duration = Duration::from_millis(20);

/// How long a server may take to leave after it was told to.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// Bytes of stderr quoted in a failure.
const QUOTED_STDERR_BYTES: usize = 2000;

/// A program that has ended.
pub struct Finished {
    /// Exit code or signal.
    pub status: ExitStatus,
    /// All it wrote to stdout.
    pub stdout: Vec<u8>,
    /// All it wrote to stderr, invalid UTF-8 replaced.
    pub stderr: String,
    /// The command line, for messages.
    pub command: String,
}

impl Finished {
    /// The exit code or the signal in words.
    pub fn status_text(&self) -> String {
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "unknown status".to_owned(),
        }
    }

    /// One line with the command, its status and the end of stderr.
    pub fn failure(&self) -> String {
        let tail = tail(&self.stderr, QUOTED_STDERR_BYTES);
        format!("{}: {}; stderr: {tail}", self.command, self.status_text())
    }

    /// stdout as text, invalid UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// A program on its way, killed with its process group when dropped unfinished.
pub struct Running {
    child: Child,
    command: String,
    stdout: PathBuf,
    stderr: PathBuf,
    reaped: bool,
}

/// Gives the program the default actions of the signals that a shell in the background, or nohup,
/// ignores: python's own tests, for one, fail when SIGINT is ignored.
#[allow(unsafe_code)] // runs between fork and exec
fn default_signals(command: &mut Command) {
    // SAFETY: signal(2) alone is called, which is async-signal-safe.
    unsafe {
        command.pre_exec(|| {
            for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGPIPE] {
                libc::signal(signal, libc::SIG_DFL);
            }
            Ok(())
        });
    }
}

impl Running {
    /// Starts `command` with stdout and stderr in `<log>.stdout` and `<log>.stderr`.
    ///
    /// # Errors
    /// A sentence with the command line, when it cannot be started.
    pub fn start(mut command: Command, log: &Path) -> Result<Self, String> {
        let text = command_line(&command);
        let describe = |e| format!("cannot start {text}: {e}");
        let (stdout, stderr) = (log.with_extension("stdout"), log.with_extension("stderr"));
        command.stdout(Stdio::from(File::create(&stdout).map_err(describe)?));
        command.stderr(Stdio::from(File::create(&stderr).map_err(describe)?));
        default_signals(&mut command);
        let child = command.process_group(0).spawn().map_err(describe)?;
        Ok(Self { child, command: text, stdout, stderr, reaped: false })
    }

    /// True until the program itself has ended.
    pub fn is_alive(&mut self) -> bool {
        if !self.reaped {
            self.reaped = !matches!(self.child.try_wait(), Ok(None));
        }
        !self.reaped
    }

    /// Sends a signal, by name such as `TERM`, to the program only.
    pub fn signal(&self, name: &str) {
        send_signal(name, &self.child.id().to_string());
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// A sentence saying that the time was up; the process group is killed first.
    pub fn wait(mut self, deadline: Instant) -> Result<Finished, String> {
        let mut pause = Duration::from_millis(1);
        while self.is_alive() {
            if Instant::now() >= deadline {
                let command = self.command.clone();
                let stderr = fs::read(&self.stderr).unwrap_or_default();
                drop(self);
                let stderr = String::from_utf8_lossy(&stderr).into_owned();
                let tail = tail(&stderr, QUOTED_STDERR_BYTES);
                return Err(format!("{command}: not finished in time; stderr: {tail}"));
            }
            thread::sleep(pause);
            pause = (pause * 2).min(POLL);
        }
        let status = self.child.wait().map_err(|e| format!("{}: {e}", self.command))?;
        let stdout = fs::read(&self.stdout).map_err(|e| format!("{}: {e}", self.command))?;
        let stderr = fs::read(&self.stderr).map_err(|e| format!("{}: {e}", self.command))?;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        Ok(Finished { status, stdout, stderr, command: self.command.clone() })
    }

    /// Sends `signal` and waits for the end, at most [`STOP_PATIENCE`].
    ///
    /// # Errors
    /// As [`Running::wait`].
    pub fn stop(self, signal: &str) -> Result<Finished, String> {
        self.signal(signal);
        self.wait(Instant::now() + STOP_PATIENCE)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_alive() {
            // Not reaped yet, so the id cannot belong to anyone else.
            send_signal("KILL", &format!("-{}", self.child.id()));
            let _ = self.child.wait();
        }
    }
}

/// Calls `probe` until it succeeds.
///
/// # Errors
/// The last error of `probe`, at the deadline or when `server` has ended.
pub fn wait_until<T>(
    server: &mut Running,
    deadline: Instant,
    mut probe: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    loop {
        let error = match probe() {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if !server.is_alive() {
            let stderr = fs::read_to_string(&server.stderr).unwrap_or_default();
            return Err(format!("{} ended early: {stderr}", server.command));
        }
        if Instant::now() >= deadline {
            return Err(error);
        }
        thread::sleep(POLL);
    }
}

/// The command with its arguments, separated by spaces.
fn command_line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// `target` is a process id, or a process group with a minus sign before it.
fn send_signal(name: &str, target: &str) {
    // The shell's own kill: no other package is needed for it.
    let script = format!("kill -s {name} -- {target}");
    let _ = Command::new("/bin/sh").arg("-c").arg(script).stderr(Stdio::null()).status();
}

fn tail(text: &str, bytes: usize) -> &str {
    let mut start = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text[start..].trim_end()
}
