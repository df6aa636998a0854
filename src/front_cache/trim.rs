//! Giving back all that nobody uses: what malloc_trim does, and what is tried before null.

use super::bind::{self, Tenant};
use super::elsewhere::Elsewhere;
use super::{tls, visit};
use crate::shared_pool;

/// Gives up what the calling thread has at hand, the depot of every heap that can be entered and the whole slabs that it
/// keeps, and purges all warm memory. Returns the bytes given back. The bins of other threads are theirs alone.
pub fn trim_all() -> usize {
    empty_own();
    let _elsewhere = Elsewhere::enter();
    visit::empty_all();
    shared_pool::purge_all()
}

/// Gives up what the calling thread has at hand, if it has a heap and is not inside it already.
fn empty_own() {
    let heap = tls::current();
    if tls::is_shim(heap) {
        return;
    }
    let mut tenant = bind::enter(heap);
    let heap = tls::current(); // entering may have replaced it
    if let Some(inside) = tenant.as_mut().and_then(Tenant::inside) {
        bind::empty_front_cache(heap, inside);
    }
    drop(tenant);
    visit::help_wanted();
}
