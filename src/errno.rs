//! errno of the calling thread: set where the C standard says so, kept everywhere else.
#![allow(unsafe_code)] // errno is behind a pointer of libc

use core::ffi::c_int;

/// The value.
#[must_use]
pub fn get() -> c_int {
    // SAFETY: libc gives the address of the thread's errno, valid in every thread.
    unsafe { *libc::__errno_location() }
}

/// Sets it.
pub fn set(code: c_int) {
    // SAFETY: as in `get`.
    unsafe { *libc::__errno_location() = code };
}

/// What `call` returns; errno is afterwards what it was before.
pub fn kept<T>(call: impl FnOnce() -> T) -> T {
    let before = get();
    let result = call();
    set(before);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_errno_is_what_it_was() {
        set(77);
        let seen = kept(|| {
            set(5);
            get()
        });
        assert_eq!((seen, get()), (5, 77));
    }
}
