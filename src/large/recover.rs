//! In the child of a fork: what other threads had in their hands of huge blocks.

use super::cache;
use super::registry::{self, Found};
use crate::stats::POOL;
use crate::superslab::registry as slots;

/// Ends the blocks that were freed and are in no place of the cache: whoever had them does not exist here. Counts the
/// others anew. For the only thread of a process, which has none itself.
///
/// Lost is a mapping that no record leads to: one that was just made, or about to be removed.
pub fn recover() {
    let (mut live, mut cached, mut room) = (0, 0, 0);
    registry::for_each(|address, block, is_cached| {
        let is_lost = is_cached && cache::count(Some(block)) == 0;
        if !is_lost {
            *(if is_cached { &mut cached } else { &mut live }) += block.bytes() as u64;
            room += block.room_bytes() as u64;
        } else if block.superslabs() > 0 {
            registry::remove(address);
            registry::recycle_block(block);
        } else {
            cache::unmap(block);
        }
    });
    POOL.huge_live_bytes.reset(live);
    POOL.huge_cached_bytes.reset(cached);
    POOL.huge_room_bytes.reset(room);
}

/// How many SuperSlabs the live block has that starts at a slot of the window; 0: there is none.
pub fn superslabs_at(slot: usize) -> usize {
    match registry::find(slots::slot_address(slot)) {
        Found::Live(block) => block.superslabs(),
        _ => 0,
    }
}
