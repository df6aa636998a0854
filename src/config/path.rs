//! The path option: a template that becomes a file name when the file is opened.

use crate::sync::{AtomicU8, Ordering};
use core::ffi::CStr;

use crate::text::Line;

/// A path in which `%p` stands for the process id and `%%` for `%`. Any other `%` is itself.
#[derive(Clone, Copy)]
pub struct PathTemplate {
    bytes: &'static [AtomicU8],
}

impl PathTemplate {
    pub(super) fn new(bytes: &'static [AtomicU8]) -> Self {
        PathTemplate { bytes }
    }

    /// The path for this process id as a C string in `buffer`; none if it does not fit.
    #[must_use]
    pub fn expand<'buffer>(&self, process: u32, buffer: &'buffer mut [u8]) -> Option<&'buffer CStr> {
        let mut used = 0;
        let mut append = |bytes: &[u8]| {
            let place = buffer.get_mut(used..used + bytes.len())?;
            place.copy_from_slice(bytes);
            used += bytes.len();
            Some(())
        };
        let mut at = 0;
        while let Some(byte) = self.byte(at) {
            match (byte, self.byte(at + 1)) {
                (b'%', Some(b'p')) => {
                    append(Line::<16>::new().decimal(u64::from(process)).as_bytes())?;
                    at += 2;
                }
                (b'%', Some(b'%')) => {
                    append(b"%")?;
                    at += 2;
                }
                _ => {
                    append(&[byte])?;
                    at += 1;
                }
            }
        }
        append(&[0])?;
        CStr::from_bytes_until_nul(buffer).ok()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        // relaxed: the bytes were settled with the option's word
        self.bytes.get(at).map(|byte| byte.load(Ordering::Relaxed))
    }
}
