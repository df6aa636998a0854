//! Where reports go: a descriptor, the statistics file, or stderr.
//!
//! ```text
//! at_shutdown       nothing unless HAKMEM_SHARED_POOL_LOCK_STATS=1
//!   -> to_file      HAKMEM_STATS_FILE, appended to; should that fail, one line says so
//!   -> to_stderr    else, as long as descriptor 2 is the file that it was at load
//! print_text, print_json
//!   -> Gathered     pieces put together on the stack, so that a report is few write(2)s
//! ```

use super::{Sink, write_json, write_text};
use crate::config::{self, PATH_MAX_BYTES, PathTemplate};
use crate::fatal::{self, Message, stderr, write_fully};
use crate::os;
use crate::stats::Snapshot;

/// Bytes that are put together before a write(2). A report may be printed on the smallest thread
/// stack of 16 KiB.
const GATHERED_BYTES: usize = 4096;
/// Bytes of a path that a message shows.
const PATH_SHOWN_BYTES: usize = 300;

/// Prints the statistics if they were asked for; called once, when the process ends.
pub fn at_shutdown() {
    let options = config::get();
    if !options.lock_stats() {
        return;
    }
    let snapshot = super::snapshot();
    let in_file = options.stats_file().is_some_and(|path| to_file(path, &snapshot));
    if !in_file {
        to_stderr(&snapshot);
    }
}

/// The text of a snapshot taken now, to a descriptor. False when it takes no more.
pub fn print_text(fd: i32) -> bool {
    print(fd, &super::snapshot(), write_text)
}

/// The text for a call of malloc_stats.
pub fn print_stats() {
    if stderr::was_not_closed_at_load() {
        print_text(libc::STDERR_FILENO);
    }
}

/// The JSON of a snapshot taken now, to a descriptor. False when it takes no more.
pub fn print_json(fd: i32) -> bool {
    print(fd, &super::snapshot(), write_json)
}

fn to_stderr(snapshot: &Snapshot) {
    if stderr::is_as_at_load() {
        print(libc::STDERR_FILENO, snapshot, write_text);
    }
}

/// Appends the text to the file. False after a message when that fails.
fn to_file(path: PathTemplate, snapshot: &Snapshot) -> bool {
    let Some(fd) = open(path) else { return false };
    let whole = print(fd, snapshot, write_text);
    os::close(fd);
    if !whole {
        complain(path, |line| _ = line.text("the file takes no more"));
    }
    whole
}

/// Opens the file; none after a message when that fails.
fn open(path: PathTemplate) -> Option<i32> {
    let opened = with_expanded(path, |path| match path {
        Some(path) => os::open_for_append(path).map_err(|os::Errno(number)| number),
        None => Err(libc::ENAMETOOLONG),
    });
    if let Err(number) = opened {
        complain(path, |line| _ = line.text("errno ").decimal(number as u64));
    }
    opened.ok()
}

/// `hakmem: cannot write statistics to PATH: REASON` on stderr.
#[cold]
fn complain(path: PathTemplate, reason: impl FnOnce(&mut Message)) {
    let mut line = fatal::message("cannot write statistics to ");
    with_expanded(path, |path| match path {
        Some(path) => _ = line.printable(path.strip_suffix(&[0]).unwrap_or(path), PATH_SHOWN_BYTES),
        None => _ = line.text("HAKMEM_STATS_FILE"),
    });
    reason(line.text(": "));
    fatal::warn(&mut line);
}

/// Calls `f` with the path and its NUL, or with none if it is longer than a path can be. A frame of
/// its own, so that the path and the report are not on the stack together.
#[inline(never)]
fn with_expanded<R>(path: PathTemplate, f: impl FnOnce(Option<&[u8]>) -> R) -> R {
    let mut buffer = [0; PATH_MAX_BYTES + 1];
    f(path.expand(os::getpid() as u32, &mut buffer).map(|path| path.to_bytes_with_nul()))
}

#[inline(never)]
fn print(fd: i32, snapshot: &Snapshot, writer: fn(&Snapshot, Sink) -> bool) -> bool {
    let mut gathered = Gathered::new();
    let mut write = |bytes: &[u8]| write_fully(fd, bytes);
    writer(snapshot, &mut |piece| gathered.put(piece, &mut write)) && gathered.flush(&mut write)
}

/// Pieces on their way to a descriptor.
struct Gathered {
    bytes: [u8; GATHERED_BYTES],
    used: usize,
}

impl Gathered {
    fn new() -> Self {
        Gathered { bytes: [0; GATHERED_BYTES], used: 0 }
    }

    /// Adds a piece; what is full is written first.
    fn put(&mut self, piece: &[u8], write: Sink) -> bool {
        for part in piece.chunks(GATHERED_BYTES) {
            if self.used + part.len() > GATHERED_BYTES && !self.flush(write) {
                return false;
            }
            if let Some(place) = self.bytes.get_mut(self.used..self.used + part.len()) {
                place.copy_from_slice(part);
                self.used += part.len();
            }
        }
        true
    }

    /// Writes what has been put together.
    fn flush(&mut self, write: Sink) -> bool {
        let used = core::mem::take(&mut self.used);
        used == 0 || self.bytes.get(..used).is_some_and(write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_arrive_in_order_in_few_writes() {
        let (mut written, mut writes) = (Vec::new(), 0);
        let mut write = |bytes: &[u8]| {
            written.extend_from_slice(bytes);
            writes += 1;
            true
        };
        let mut gathered = Gathered::new();
        let mut expected = Vec::new();
        for number in 0..2000_u32 {
            let piece = vec![number as u8; number as usize % 97];
            expected.extend_from_slice(&piece);
            assert!(gathered.put(&piece, &mut write));
        }
        let long = vec![b'x'; 3 * GATHERED_BYTES + 5];
        expected.extend_from_slice(&long);
        assert!(gathered.put(&long, &mut write) && gathered.flush(&mut write) && gathered.flush(&mut write));
        assert_eq!(written, expected);
        assert!(writes <= expected.len() / (GATHERED_BYTES - 97) + 2, "{writes} writes");
    }

    #[test]
    fn a_refused_write_ends_it() {
        let mut gathered = Gathered::new();
        let mut refuse = |_: &[u8]| false;
        assert!(gathered.put(&[b'x'; GATHERED_BYTES], &mut refuse));
        assert!(!gathered.put(b"y", &mut refuse));
    }

    #[test]
    fn a_closed_descriptor_is_told() {
        assert!(!print_text(-1));
        assert!(!print_json(-1));
    }

    #[test]
    fn a_descriptor_gets_the_whole_report() {
        use std::io::{Read, Seek};
        use std::os::fd::AsRawFd;
        let path = std::env::temp_dir().join(format!("hakmem-report-{}", std::process::id()));
        let mut file = std::fs::File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(print_text(file.as_raw_fd()) && print_json(file.as_raw_fd()));
        let mut got = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut got).unwrap();
        assert!(got.starts_with("=== SHARED POOL LOCK STATISTICS ===\n"));
        assert!(got.ends_with("}\n") && got.contains("\n{\"version\":"));
    }
}
