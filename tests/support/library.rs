//! Where the allocator under test is.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What the programs run under.
#[derive(Clone, Debug, PartialEq)]
pub enum Library {
    /// The C library's own allocator, no preload: it validates the tests themselves.
    None,
    /// This shared library is preloaded.
    At(PathBuf),
}

impl Library {
    /// The path to preload, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Library::None => None,
            Library::At(path) => Some(path),
        }
    }
}

/// The library that `HAKMEM_LIB` names (`none` for the C library's allocator), else
/// `release/libhakmem.so` in the target directory. The error says how to make it.
pub fn locate() -> Result<Library, String> {
    let named = env::var_os("HAKMEM_LIB");
    if named.as_deref() == Some(OsStr::new("none")) {
        return Ok(Library::None);
    }
    let path = named.map_or_else(built_library, PathBuf::from);
    path.canonicalize().map(Library::At).map_err(|error| {
        format!(
            "{}: {error}\nbuild it first (cargo build --release), or name one: \
             HAKMEM_LIB=path/to/lib.so, or HAKMEM_LIB=none for the C library's allocator",
            path.display()
        )
    })
}

/// Where `cargo build --release` puts the library.
pub fn built_library() -> PathBuf {
    target_dir().join("release/libhakmem.so")
}

/// The target directory that this test was built in.
pub fn target_dir() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap_or(scratch).to_path_buf()
}

/// The folder `tests/` of the repository.
pub fn tests_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}
