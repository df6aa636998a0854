//! Proof that the library served a run, from the dynamic linker's own log.
//!
//! Under `LD_DEBUG=bindings` the linker writes one line per resolved symbol:
//! which object asked, which object answered. Two things are demanded of the
//! logs of all processes of a run: each object that the scenario names had its
//! allocation symbol answered by the library, and no object of any process had
//! an allocation symbol answered by anyone else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The symbols through which C code allocates and frees.
const ALLOCATION_SYMBOLS: [&str; 12] = [
    "malloc",
    "calloc",
    "realloc",
    "free",
    "reallocarray",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
    "valloc",
    "pvalloc",
    "cfree",
    "malloc_usable_size",
];

/// An object (its file name) and a symbol that the library must answer for it.
#[derive(Clone, Copy)]
pub struct Importer {
    /// File name of the program or shared object, without folders; `a|b` takes either.
    pub object: &'static str,
    /// Mostly `malloc`; `realloc` for a program that calls nothing else.
    pub symbol: &'static str,
}

/// `object` must get its `malloc` from the library.
pub const fn malloc_of(object: &'static str) -> Importer {
    Importer { object, symbol: "malloc" }
}

/// One answered symbol: who asked, who answered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Binding {
    from: String,
    to: String,
    symbol: String,
}

/// Checks the linker logs below `log_dir`.
///
/// `library` is the file name of the allocator under test.
///
/// # Errors
/// A sentence naming the object that the library did not serve.
pub fn prove(log_dir: &Path, library: &str, importers: &[Importer]) -> Result<(), String> {
    let describe = |e| format!("cannot read {}: {e}", log_dir.display());
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(log_dir).map_err(describe)? {
        let bytes = fs::read(entry.map_err(describe)?.path()).map_err(describe)?;
        seen.extend(parse(&String::from_utf8_lossy(&bytes)));
    }
    reject_strangers(&seen, library)?;
    for importer in importers {
        demand(&seen, library, importer)?;
    }
    Ok(())
}

/// Fails when anyone but the library answered an allocation symbol.
fn reject_strangers(bindings: &BTreeSet<Binding>, library: &str) -> Result<(), String> {
    let served =
        |object: &str, symbol: &str| bindings.iter().any(|b| b.from == object && b.symbol == symbol && b.to == library);
    for b in bindings {
        // The library itself may look up the next allocator, for foreign pointers.
        let fine = b.to == library || b.from == library;
        // A position-dependent program that takes the address of malloc lends its
        // own jump-table entry to all objects. Where that leads is logged at its first
        // use, so perhaps by another process of the same program only.
        if !fine && !served(&b.to, &b.symbol) {
            return Err(format!("not served: {} of {} binds to {}", b.symbol, b.from, b.to));
        }
    }
    Ok(())
}

/// Fails unless `importer` was answered by the library.
fn demand(seen: &BTreeSet<Binding>, library: &str, importer: &Importer) -> Result<(), String> {
    let Importer { object, symbol } = *importer;
    let named = |name: &str| object.split('|').any(|alternative| alternative == name);
    let found = |b: &Binding| named(&b.from) && b.symbol == symbol && b.to == library;
    if seen.iter().any(found) {
        return Ok(());
    }
    Err(format!(
        "not served: no binding of {symbol} from {object} to {library} in the linker's log \
         (a static program, one with its own malloc, or one that never ran)"
    ))
}

/// The allocation symbols' lines of one process's log.
fn parse(log: &str) -> BTreeSet<Binding> {
    log.lines().filter_map(parse_line).filter(|b| ALLOCATION_SYMBOLS.contains(&b.symbol.as_str())).collect()
}

/// Reads `PID: binding file FROM [0] to TO [0]: normal symbol `NAME' [VERSION]`.
fn parse_line(line: &str) -> Option<Binding> {
    let (_, rest) = line.split_once("binding file ")?;
    let (from, rest) = rest.split_once(" [0] to ")?;
    let (to, rest) = rest.split_once(" [0]: ")?;
    let (_, rest) = rest.split_once("symbol `")?;
    let (symbol, _) = rest.split_once('\'')?;
    Some(Binding { from: file_name(from), to: file_name(to), symbol: symbol.to_owned() })
}

fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}
