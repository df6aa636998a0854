//! The stage log of `HAKMEM_SS_ACQUIRE_DEBUG=1` (S10): one line for each run of at most a SuperSlab that is handed out, given
//! back, left behind or purged, built on the stack and written by one write(2), from any thread.

use crate::config;
use crate::fatal;
use crate::geometry::*;
use crate::stats::Stage;
use crate::superslab::registry;
use crate::text::Line;

/// What became of a run.
#[derive(Clone, Copy)]
pub(super) enum Event {
    Acquired(Stage),
    Released,
    Abandoned,
    Purged,
}

/// Logs that `stage` handed out the run at `slot`.
#[inline]
pub(super) fn line(stage: Stage, kind: RunKind, slot: u32) {
    event(Event::Acquired(stage), kind, slot);
}

/// Logs what became of the run at `slot`.
#[inline]
pub(super) fn event(event: Event, kind: RunKind, slot: u32) {
    if config::get().acquire_debug() {
        write(event, kind, slot);
    }
}

#[cold]
fn write(event: Event, kind: RunKind, slot: u32) {
    let (tag, what) = match event {
        Event::Acquired(Stage::Adopt) => ("ACQUIRE_STAGE0_ADOPT", " adopted ABANDONED slab (ss="),
        Event::Acquired(Stage::ReuseSame) => ("ACQUIRE_STAGE1_LOCKFREE", " reused EMPTY slot (ss="),
        Event::Acquired(Stage::ReuseOther) => ("ACQUIRE_STAGE1B_LOCKFREE", " reused EMPTY slot of another class (ss="),
        Event::Acquired(Stage::Claim) if config::get().stage2() => {
            ("ACQUIRE_STAGE2_LOCKFREE", " claimed UNUSED slot (ss=")
        }
        Event::Acquired(Stage::Claim) => ("ACQUIRE_STAGE2_LOCKED", " claimed UNUSED slot (ss="),
        Event::Acquired(Stage::Grow) => ("ACQUIRE_STAGE3_GROW", " claimed slot of a new SuperSlab (ss="),
        Event::Released if config::get().stage1() => ("RELEASE", " gave back slot, now EMPTY (ss="),
        Event::Released => ("RELEASE", " gave back slot, now UNUSED (ss="),
        Event::Abandoned => ("ABANDON", " left slab behind, now ABANDONED (ss="),
        Event::Purged => ("PURGE", " purged slot, now UNUSED (ss="),
    };
    let (superslab, place) = registry::split_slot(slot as usize);
    let mut line = Line::<160>::new();
    line.text("[SP_").text(tag).text("] class=");
    if kind.code() < NUM_CLASSES {
        line.decimal(kind.code() as u64);
    } else {
        line.text("span").decimal(kind.slots() as u64);
    }
    line.text(what).address(registry::slot_address(superslab * SLOTS_PER_SUPERSLAB));
    line.text(" slab=").decimal(place as u64).text(")");
    fatal::note(line.finish());
}
