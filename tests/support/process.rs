//! Running a program with a time-out, its output captured.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of stdout or stderr that are kept; what a program writes beyond is read and dropped.
const KEPT_BYTES: usize = 1 << 20;
/// How long the pipes may stay open after the program ended (its children hold them).
const PIPE_GRACE: Duration = Duration::from_secs(5);

/// What a program did.
#[derive(Debug)]
pub struct Finished {
    /// None: it was still running, or its children still held its output, when time was up.
    pub status: Option<ExitStatus>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the command in a process group of its own, without stdin, and kills the whole group when
/// `timeout` has passed. The error says why it could not be started.
pub fn run(command: &mut Command, timeout: Duration) -> Result<Finished, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());

    let status = wait_until(&mut child, Instant::now() + timeout);
    if status.is_none() {
        kill_group(child.id());
        let _ = child.wait();
    }
    let (mut all_closed, mut texts) = (true, Vec::new());
    for stream in [stdout, stderr] {
        texts.push(stream.recv_timeout(PIPE_GRACE).unwrap_or_else(|_| {
            all_closed = false;
            kill_group(child.id());
            stream.recv_timeout(PIPE_GRACE).unwrap_or_default()
        }));
    }
    let stderr = texts.pop().unwrap_or_default();
    let stdout = texts.pop().unwrap_or_default();
    Ok(Finished { status: status.filter(|_| all_closed), stdout, stderr })
}

/// Keeps the programs that abort on purpose from leaving core files: the limit of this process is
/// lowered, its children inherit it. Nothing happens where prlimit is missing.
pub fn forbid_core_files() {
    let own_id = std::process::id().to_string();
    let _ = Command::new("prlimit").args(["--pid", &own_id, "--core=0:0"]).status();
}

/// Reads a stream to its end on a thread of its own.
fn collect(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut kept, mut buffer) = (Vec::new(), [0; 8192]);
        if let Some(mut stream) = stream {
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                let room = KEPT_BYTES.saturating_sub(kept.len());
                kept.extend(buffer.iter().take(count.min(room)));
            }
        }
        // the receiver may have given up waiting
        let _ = sender.send(String::from_utf8_lossy(&kept).into_owned());
    });
    receiver
}

/// Waits for the child's end, with short naps that grow; None when the deadline passes first.
fn wait_until(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    let mut nap = Duration::from_micros(500);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(nap),
            _ => return None,
        }
        nap = (nap * 2).min(Duration::from_millis(20));
    }
}

/// Kills what is left of the process group that the child led.
fn kill_group(leader: u32) {
    let _ = Command::new("kill").args(["-KILL", "--", &format!("-{leader}")]).stderr(Stdio::null()).status();
}
