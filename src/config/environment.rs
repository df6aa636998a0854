//! The strings of this process's environment, wherever libc stands in its own start.
//!
//! A resolver of an indirect function may call malloc before libc has set `environ`. The kernel has
//! put the environment on the stack before that, and ld.so says where: behind the arguments.

// `environ` and the stack's start are libc's and the kernel's; their strings are C strings
#![allow(unsafe_code)]

use core::arch::{asm, global_asm};
use core::ffi::{CStr, c_char};
use core::ptr;

/// A pointer to an array of C strings that ends with a null pointer.
type Strings = *const *const c_char;

unsafe extern "C" {
    static environ: Strings;
}

// in ld.so, which is never NEEDED by name; null where the program has none
global_asm!(".weak __libc_stack_end");

/// The strings of the environment, one after the other.
pub(super) struct Environment {
    next: Strings,
}

impl Environment {
    /// The environment of this process; none while there is no sign of it.
    pub fn of_this_process() -> Option<Self> {
        // SAFETY: libc defines the variable; the read is volatile since setenv may replace it
        let current = unsafe { (&raw const environ).read_volatile() };
        let next = if current.is_null() { on_the_initial_stack() } else { current };
        (!next.is_null()).then_some(Environment { next })
    }
}

impl Iterator for Environment {
    type Item = &'static [u8];

    fn next(&mut self) -> Option<&'static [u8]> {
        // SAFETY: `next` points into the array, whose last entry is null and is not passed
        let string = unsafe { *self.next };
        if string.is_null() {
            return None;
        }
        // SAFETY: the entry just read was not the last
        self.next = unsafe { self.next.add(1) };
        // SAFETY: entries are C strings; they are read here and kept by nobody
        Some(unsafe { CStr::from_ptr(string) }.to_bytes())
    }
}

/// The environment as the kernel laid it out: the number of arguments, the arguments, null, the
/// environment. Null when the place is unknown or does not look so.
fn on_the_initial_stack() -> Strings {
    let stack_end: *const Strings;
    // SAFETY: reads the symbol's entry in the global offset table
    unsafe {
        asm!(
            "mov {}, qword ptr [rip + __libc_stack_end@GOTPCREL]",
            out(reg) stack_end,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    if stack_end.is_null() {
        return ptr::null();
    }
    // SAFETY: ld.so set the variable before any code of this library could run
    let start = unsafe { *stack_end };
    if start.is_null() {
        return ptr::null();
    }
    // SAFETY: the words are mapped as long as the process lives; the null behind the arguments is
    // looked at before the environment is taken to follow it
    unsafe {
        let arguments = *start as usize;
        let behind = start.add(1 + arguments);
        if (*behind).is_null() { behind.add(1) } else { ptr::null() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_has_this_process_path() {
        assert!(Environment::of_this_process().unwrap().any(|string| string.starts_with(b"PATH=")));
    }

    #[test]
    fn the_stack_has_the_same_first_string() {
        let first = Environment { next: on_the_initial_stack() }.next().unwrap();
        assert!(Environment::of_this_process().unwrap().any(|string| string == first));
    }
}
