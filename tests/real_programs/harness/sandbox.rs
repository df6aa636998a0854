//! A private temporary folder, removed with everything in it when dropped.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

/// Numbers the sandboxes of this process, so that two tests never share one.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Owner of one temporary folder.
pub struct Sandbox {
    root: PathBuf,
}

impl Sandbox {
    /// Makes an empty folder below the system's temporary folder.
    ///
    /// # Errors
    /// A sentence naming the folder, when it cannot be made.
    pub fn create() -> Result<Self, String> {
        // Relaxed: only the uniqueness of the number matters.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hakmem-programs-{}-{number}", process::id());
        let root = env::temp_dir().join(name);
        fs::create_dir(&root).map_err(|e| format!("cannot create {}: {e}", root.display()))?;
        Ok(Self { root })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.root
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if env::var_os("HAKMEM_TEST_KEEP").is_some() {
            eprintln!("kept {}", self.root.display());
        } else if let Err(e) = fs::remove_dir_all(&self.root) {
            eprintln!("cannot remove {}: {e}", self.root.display());
        }
    }
}

/// Makes `dir` an existing, empty folder.
///
/// # Errors
/// A sentence naming the folder, when it cannot be emptied or made.
pub fn empty_dir(dir: &Path) -> Result<(), String> {
    let describe = |e| format!("cannot empty {}: {e}", dir.display());
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(describe)?;
    }
    fs::create_dir_all(dir).map_err(describe)
}
