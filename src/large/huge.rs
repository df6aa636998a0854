//! Huge blocks: each a mapping of its own, which may be longer than the block. What lies behind the block is its
//! room: addresses that the block, or the next one in the mapping, may have back without a change of the mapping.
#![allow(unsafe_code)] // moves, cuts and unmaps what it owns

use super::cache;
use super::density;
use super::looks;
use super::registry::{self, HugeBlock};
use crate::config::{self, Thp};
use crate::geometry::*;
use crate::os;
use crate::policy;
use crate::shared_pool;
use crate::stats::POOL;
use crate::superslab::huge_pages;
use crate::superslab::registry as slots;
use crate::superslab::reservation;

/// A huge block of at least `bytes` at a multiple of `align`, a power of two, and what it
/// reads as. `None` when memory is out.
pub fn allocate(bytes: usize, align: usize) -> Option<(*mut u8, Content)> {
    let bytes = round_up(bytes, os::page_bytes())?;
    if bytes > isize::MAX as usize {
        return None;
    }
    decay();
    let cacheable = bytes > MAX_SPAN_BYTES;
    let cached = if cacheable { cache::take(bytes, align).or_else(|| reshape(bytes, align)) } else { None };
    let (block, content) = match cached {
        Some(block) => {
            POOL.huge_cache_hits.add();
            density::renew(block);
            (block, Content::Unknown)
        }
        None => {
            if cacheable {
                cache::account_refault(bytes); // before more is unmapped to make room for it
            }
            match map(bytes, align) {
                Some(block) => {
                    looks::remember(block);
                    (block, Content::Zero)
                }
                None => in_window(bytes, align)?,
            }
        }
    };
    registry::insert(block);
    POOL.huge_allocations.add();
    POOL.huge_live_bytes.add_n(block.bytes() as u64);
    Some((block.start() as *mut u8, content))
}

/// Gives back what has not been used for the purge delay, runs as well: a program may have come to use
/// huge blocks only.
fn decay() {
    cache::decay();
    shared_pool::decay();
}

/// A cached mapping that does not fit, cut or stretched to measure: the pages that it has are warm, and
/// would lie beside a fresh mapping otherwise.
fn reshape(bytes: usize, align: usize) -> Option<&'static HugeBlock> {
    if align > os::page_bytes() {
        return None;
    }
    let block = cache::take_nearest(bytes)?;
    // the child of a fork would take a cached block that is in no place to be as its record says
    registry::remove(block.start());
    // it is neither live nor cached now
    cache::give_way_to_block(bytes, bytes.saturating_sub(block.bytes()));
    let room = bytes <= block.bytes() || shared_pool::has_room(bytes);
    if room && resize_mapping(block, bytes).is_some() {
        return Some(block);
    }
    cache::unmap(block);
    None
}

fn map(bytes: usize, align: usize) -> Option<&'static HugeBlock> {
    let block = registry::new_block()?;
    looks::before_fresh(bytes);
    let is_open = density::wants_huge_pages(bytes);
    let closed = (bytes, align);
    let wanted = if is_open { (policy::open_mapping_bytes(bytes), align.max(SUPERSLAB_BYTES)) } else { closed };
    cache::give_way_to_block(bytes, bytes);
    // what is cached may be what is missing
    let placed = map_if_room(bytes, wanted).or_else(|| {
        cache::purge_all();
        map_if_room(bytes, closed) // whatever was there: another thread may have been faster
    });
    let Some((start, mapped)) = placed else {
        registry::recycle_block(block);
        return None;
    };
    if !registry::prepare(start) {
        // SAFETY: [I-RANGE] mapped just now, and registered nowhere.
        unsafe { os::unmap(start, mapped) };
        registry::recycle_block(block);
        return None;
    }
    block.set(start, mapped);
    block.set_bytes(bytes);
    block.set_open_to_huge_pages(false);
    if is_open {
        density::open(block);
    } else {
        huge_pages::advise_mapping(start, bytes);
    }
    POOL.huge_room_bytes.add_n(block.room_bytes() as u64);
    Some(block)
}

/// A fresh mapping of so many bytes at a multiple of so many, for a block of `bytes`; and its bytes again.
#[inline(never)]
fn map_if_room(bytes: usize, (mapped, align): (usize, usize)) -> Option<(usize, usize)> {
    let start = if shared_pool::has_room(bytes) { os::map(mapped, align) } else { None };
    start.map(|start| (start, mapped))
}

/// A huge block in whole SuperSlabs of the window, when the system grants no mapping.
#[cold]
fn in_window(bytes: usize, align: usize) -> Option<(&'static HugeBlock, Content)> {
    if align > SUPERSLAB_BYTES {
        return None;
    }
    let superslabs = bytes.div_ceil(SUPERSLAB_BYTES);
    let block = registry::new_block()?;
    shared_pool::purge_all();
    let claim =
        || shared_pool::has_room(superslabs * SUPERSLAB_BYTES).then(|| shared_pool::claim_superslabs(superslabs));
    let Some((slot, content)) = claim().flatten() else {
        registry::recycle_block(block);
        return None;
    };
    let start = slots::slot_address(slot);
    if !registry::prepare(start) {
        shared_pool::unclaim_superslabs(slot, superslabs);
        registry::recycle_block(block);
        return None;
    }
    slots::set_entries(slot, superslabs * SLOTS_PER_SUPERSLAB, HUGE_CODE, SPAN_BODY_CODE);
    block.set_in_window(start, superslabs);
    Some((block, content))
}

/// Frees a block that was found live at `address`. `false`: another free was faster.
#[must_use]
pub fn deallocate(address: usize, block: &'static HugeBlock) -> bool {
    if !registry::transition_cached(address, block) {
        return false;
    }
    if block.superslabs() == 0 {
        looks::forget(block.start());
        density::learn(block);
    }
    POOL.huge_live_bytes.sub_n(block.bytes() as u64);
    block.set_released_ms(os::now_ms());
    decay();
    if block.superslabs() > 0 {
        leave_window(block);
    } else if block.bytes() > MAX_SPAN_BYTES {
        cache::put(block);
    } else {
        cache::unmap(block);
    }
    true
}

fn leave_window(block: &'static HugeBlock) {
    let (start, superslabs) = (block.start(), block.superslabs());
    registry::remove(start);
    registry::recycle_block(block);
    if let Some(slot) = slots::slot_of(start) {
        shared_pool::unclaim_superslabs(slot, superslabs);
    }
}

/// Changes the size of a block, where it stands or by moving its pages; `None` leaves it as it was.
pub fn resize(block: &'static HugeBlock, bytes: usize) -> Option<*mut u8> {
    let bytes = round_up(bytes, os::page_bytes())?;
    let (start, old) = (block.start(), block.bytes());
    if bytes > isize::MAX as usize {
        return None;
    }
    if block.superslabs() > 0 {
        return policy::fits_in_place(old, bytes).then_some(start as *mut u8);
    }
    if bytes > old {
        if bytes > block.mapped_bytes() {
            looks::before_growth(block, bytes);
        }
        cache::give_way_to_block(bytes - old, bytes - old);
        if !shared_pool::has_room(bytes - old) {
            return None;
        }
    }
    if bytes != old {
        resize_mapping(block, bytes)?;
        POOL.huge_live_bytes.replace(old as u64, bytes as u64);
        density::renew(block);
    }
    Some(block.start() as *mut u8)
}

/// Changes the size of a block that the caller owns, where it stands or elsewhere; `None` leaves it as it was.
fn resize_mapping(block: &'static HugeBlock, bytes: usize) -> Option<()> {
    if resize_within_mapping(block, bytes) {
        return Some(());
    }
    let (start, old, mapped) = (block.start(), block.bytes(), block.mapped_bytes());
    if bytes < mapped {
        block.set(start, bytes); // before: the child of a fork must not find more than there is
    }
    // SAFETY: [I-RANGE] the caller owns the block; what is cut off it gives up.
    if unsafe { os::resize_in_place(start, mapped, bytes) } {
        block.set(start, bytes);
    } else {
        block.set(start, mapped);
        block.set_bytes(old);
        move_to_new_place(block, bytes)?;
    }
    let room = mapped - old;
    POOL.huge_room_bytes.sub_n(room as u64);
    Some(())
}

/// Leaves the mapping as it is: what a smaller block gives up becomes room, whose pages go back, and a larger one
/// takes of that. A change of the mapping costs several times as much, and stops all other threads that map.
fn resize_within_mapping(block: &'static HugeBlock, bytes: usize) -> bool {
    let (old, mapped) = (block.bytes(), block.mapped_bytes());
    if bytes > mapped {
        return false;
    }
    if bytes < old && !(may_give_up(old - bytes) && purge_end(block, bytes)) {
        return false;
    }
    block.set_bytes(bytes);
    POOL.huge_room_bytes.replace(bytes as u64, old as u64);
    true
}

/// Gives back what lies behind the first `bytes` of a block of the caller's. `false`: the system refused.
fn purge_end(block: &'static HugeBlock, bytes: usize) -> bool {
    let (start, mut end) = (block.start() + bytes, block.start() + block.bytes());
    let mut first = start;
    if block.is_open_to_huge_pages() {
        // whole huge pages: of a part of one the system keeps all
        let whole = |address: usize| round_up(address, SUPERSLAB_BYTES).unwrap_or(address);
        (first, end) = (whole(start), whole(end).min(block.start() + block.mapped_bytes()));
    }
    // SAFETY: [I-RANGE] the caller owns the block, and gives its end up.
    first >= end || unsafe { os::purge(first, end - first) }
}

/// Whether so many bytes of a block may become room. Where each touch brings a huge page, a part of one that goes
/// back costs more than a change of the mapping.
fn may_give_up(bytes: usize) -> bool {
    let (room, live) = (POOL.huge_room_bytes.get() as usize, POOL.huge_live_bytes.get() as usize);
    config::get().thp() != Thp::Always && policy::may_keep_room(room + bytes, live, reservation::limit_bytes())
}

/// Reserves the new place and its registration first, so that nothing can fail half way.
fn move_to_new_place(block: &'static HugeBlock, bytes: usize) -> Option<()> {
    let (start, old) = (block.start(), block.mapped_bytes());
    let align = if block.is_open_to_huge_pages() { SUPERSLAB_BYTES } else { os::page_bytes() };
    let place = os::reserve(bytes, align)?;
    if !registry::prepare(place) {
        // SAFETY: [I-RANGE] reserved just now, and registered nowhere.
        unsafe { os::unmap(place, bytes) };
        return None;
    }
    // the old address may be mapped by another thread as soon as the pages have moved
    registry::remove(start);
    looks::forget(start);
    // SAFETY: [I-RANGE] the caller owns the block, and just reserved the place.
    if !unsafe { os::move_pages(start, old, place, bytes) } {
        // the kernel may have removed the reservation before it failed, and another thread may be
        // there by now: the addresses are left alone
        registry::insert(block);
        return None;
    }
    block.set(place, bytes);
    registry::insert(block);
    Some(())
}
