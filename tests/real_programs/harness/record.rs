//! What one run produced: a list of labelled texts and file digests, in order.
//!
//! Two runs of a scenario are equal when their records are. Nothing is
//! normalised here: a scenario that must drop something, such as a time, does
//! so where it records it, and says why.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

/// Texts up to this size are kept whole, so that a difference can be shown.
const KEPT_TEXT_BYTES: usize = 1 << 20;

#[derive(PartialEq, Eq)]
enum Content {
    Text(String),
    Digest { bytes: usize, hash: u64 },
}

/// The observations of one run.
#[derive(Default, PartialEq, Eq)]
pub struct Record {
    entries: Vec<(String, Content)>,
}

impl Record {
    /// Adds one observation: kept as text where it is short UTF-8, else as a digest.
    pub fn add(&mut self, label: &str, bytes: &[u8]) {
        let content = match std::str::from_utf8(bytes) {
            Ok(text) if text.len() <= KEPT_TEXT_BYTES => Content::Text(text.to_owned()),
            _ => digest(bytes),
        };
        self.entries.push((label.to_owned(), content));
    }

    /// Adds length and hash of one file.
    ///
    /// # Errors
    /// A sentence naming the file, when it cannot be read.
    pub fn add_file(&mut self, label: &str, path: &Path) -> Result<(), String> {
        let bytes = fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        self.entries.push((label.to_owned(), digest(&bytes)));
        Ok(())
    }

    /// Adds every regular file below `root`, by relative name, in sorted order.
    ///
    /// # Errors
    /// A sentence naming what could not be read; also when there is no file at all.
    pub fn add_tree(&mut self, root: &Path) -> Result<(), String> {
        let mut files = Vec::new();
        collect_files(root, &mut files)?;
        files.sort();
        if files.is_empty() {
            return Err(format!("no file below {}", root.display()));
        }
        for file in files {
            let label = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            self.add_file(&label, &file)?;
        }
        Ok(())
    }

    /// True while nothing has been observed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Describes the first difference from `expected`, or `None` when equal.
    pub fn difference_from(&self, expected: &Record) -> Option<String> {
        if self == expected {
            return None;
        }
        for ((label, mine), (other_label, other)) in self.entries.iter().zip(&expected.entries) {
            if label != other_label {
                return Some(format!("`{label}` where the plain run has `{other_label}`"));
            }
            if mine != other {
                return Some(format!("`{label}` differs: {}", describe(mine, other)));
            }
        }
        let (mine, theirs) = (self.entries.len(), expected.entries.len());
        Some(format!("{mine} observations, {theirs} in the plain run"))
    }
}

fn digest(bytes: &[u8]) -> Content {
    // DefaultHasher::new has fixed keys: equal bytes give equal hashes within one build.
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    Content::Digest { bytes: bytes.len(), hash: hasher.finish() }
}

fn collect_files(dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let describe = |e| format!("cannot list {}: {e}", dir.display());
    for entry in fs::read_dir(dir).map_err(describe)? {
        let entry = entry.map_err(describe)?;
        let kind = entry.file_type().map_err(describe)?;
        if kind.is_dir() {
            collect_files(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn describe(mine: &Content, other: &Content) -> String {
    match (mine, other) {
        (Content::Text(mine), Content::Text(other)) => describe_texts(mine, other),
        (mine, other) => format!("{}, {} in the plain run", size(mine), size(other)),
    }
}

fn describe_texts(mine: &str, other: &str) -> String {
    let mut text = format!("{} lines, {} in the plain run", mine.lines().count(), other.lines().count());
    let pairs = mine.lines().zip(other.lines()).enumerate();
    if let Some((index, (a, b))) = pairs.into_iter().find(|(_, (a, b))| a != b) {
        let _ = write!(text, "; line {}: {a:?} instead of {b:?}", index + 1);
    }
    text
}

fn size(content: &Content) -> String {
    match content {
        Content::Text(text) => format!("{} bytes of text", text.len()),
        Content::Digest { bytes, hash } => format!("{bytes} bytes with hash {hash:016x}"),
    }
}
