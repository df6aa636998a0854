//! The stage log of `HAKMEM_SS_ACQUIRE_DEBUG=1` (S10): one line for each run handed out, built on
//! the stack and written by one write(2), from any thread.

use crate::config;
use crate::fatal;
use crate::geometry::*;
use crate::stats::Stage;
use crate::superslab::registry;
use crate::text::Line;

/// Logs that `stage` handed out the run at `slot`.
#[inline]
pub(super) fn line(stage: Stage, kind: RunKind, slot: u32) {
    if config::get().acquire_debug() {
        write(stage, kind, slot);
    }
}

#[cold]
fn write(stage: Stage, kind: RunKind, slot: u32) {
    let (tag, what) = match stage {
        Stage::Adopt => ("STAGE0_ADOPT", " adopted ABANDONED slab (ss="),
        Stage::ReuseSame => ("STAGE1_LOCKFREE", " reused EMPTY slot (ss="),
        Stage::ReuseOther => ("STAGE1B_LOCKFREE", " reused EMPTY slot of another class (ss="),
        Stage::Claim if config::get().stage2() => ("STAGE2_LOCKFREE", " claimed UNUSED slot (ss="),
        Stage::Claim => ("STAGE2_LOCKED", " claimed UNUSED slot (ss="),
        Stage::Grow => ("STAGE3_GROW", " claimed slot of a new SuperSlab (ss="),
    };
    let (superslab, place) = registry::split_slot(slot as usize);
    let mut line = Line::<160>::new();
    line.text("[SP_ACQUIRE_").text(tag).text("] class=");
    if kind.code() < NUM_CLASSES {
        line.decimal(kind.code() as u64);
    } else {
        line.text("span").decimal(kind.slots() as u64);
    }
    line.text(what).address(registry::slot_address(superslab * SLOTS_PER_SUPERSLAB));
    line.text(" slab=").decimal(place as u64).text(")");
    fatal::note(line.finish());
}
