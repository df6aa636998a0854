//! From load to exit: what happens outside of malloc and free.
//!
//! Nothing here has to happen before the first malloc: the heap starts itself on first use. The
//! constructor only adds what is not safe inside malloc (looking up glibc's functions, registering
//! the fork handler), and reports bad options once.
#![allow(unsafe_code)] // registers C handlers

use crate::config;
use crate::fatal::stderr;
use crate::foreign;
use crate::front_cache::{bind, orphan};
use crate::report;
use crate::shared_pool;
use crate::sync::{AtomicBool, Ordering};

static LOADED: AtomicBool = AtomicBool::new(false);

/// The constructor's work; a second call does nothing.
pub fn on_load() {
    // relaxed: constructors run in one thread; the flag only guards against a second load
    if LOADED.swap(true, Ordering::Relaxed) {
        return;
    }
    bind::reserve_exit_key();
    stderr::remember();
    foreign::resolve();
    // SAFETY: registered once, in the constructor, never inside malloc: glibc allocates under the
    // lock of its handler table.
    unsafe { libc::pthread_atfork(None, None, Some(in_forked_child)) };
    config::report_problems();
}

/// The work of the shutdown entry in `.fini_array`: the report, if it was asked for.
pub fn on_unload_report() {
    report::at_shutdown();
}

extern "C" fn in_forked_child() {
    shared_pool::reset_after_fork();
    orphan::adopt_orphans();
}
