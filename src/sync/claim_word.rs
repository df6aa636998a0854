//! The slots of a SuperSlab that are claimed, one bit each: the truth about UNUSED.
//!
//! A bit that is 0 is an UNUSED slot, and the thread whose compare-and-swap sets it owns the slot. One
//! word for all of them lets a run of several slots be claimed by one exchange, all or nothing.
//!
//! | transition | who |
//! |---|---|
//! | UNUSED -> claimed | any thread: of several, one |
//! | claimed -> UNUSED | the owner of the run |
//!
//! A hint that a SuperSlab has a free run ([`super::hint_word`]) is corrected after either.

use super::{AtomicU32, Ordering, const_new, fence};

/// The bits of `slots` slots from `first` on.
#[inline]
pub const fn run_mask(first: usize, slots: usize) -> u32 {
    debug_assert!(slots >= 1 && first + slots <= u32::BITS as usize);
    (u32::MAX >> (u32::BITS as usize - slots)) << first
}

/// Bit `i` set: a run of `slots` zero bits of `claimed` starts at `i`, a multiple of `align`, which is a power
/// of two.
#[inline]
pub const fn free_run_starts(claimed: u32, slots: usize, align: usize) -> u32 {
    let mut starts = !claimed;
    let mut have = 1;
    while have < slots {
        let step = if slots - have < have { slots - have } else { have };
        starts &= starts >> step;
        have += step;
    }
    starts & aligned_starts(align)
}

/// Bits that are multiples of `align`, a power of two.
#[inline]
const fn aligned_starts(align: usize) -> u32 {
    match align {
        1 => u32::MAX,
        2 => 0x5555_5555,
        4 => 0x1111_1111,
        8 => 0x0101_0101,
        16 => 0x0001_0001,
        _ => 1,
    }
}

/// See the module. All zero: every slot is UNUSED.
#[derive(Debug)]
#[repr(transparent)]
pub struct ClaimWord(AtomicU32);

impl ClaimWord {
    const_new! {
        /// Nothing is claimed.
        pub fn new() -> Self {
            Self(AtomicU32::new(0))
        }
    }

    /// The claimed slots just now: a hint.
    #[inline]
    pub fn bits(&self) -> u32 {
        // relaxed: a hint; for the second look of [HINT] a fence stands before it
        self.0.load(Ordering::Relaxed)
    }

    /// UNUSED -> claimed: the lowest free run of `slots` at a multiple of `align`. Returns its first
    /// slot, if there was one, and the number of failed attempts.
    #[must_use = "a claimed run belongs to the caller"]
    pub fn transition_claim(&self, slots: usize, align: usize) -> (Option<usize>, u32) {
        let mut retries = 0;
        let mut claimed = self.bits();
        loop {
            let starts = free_run_starts(claimed, slots, align);
            if starts == 0 {
                return (None, retries);
            }
            let first = starts.trailing_zeros() as usize;
            match self.claim_from(claimed, run_mask(first, slots)) {
                Ok(_) => return (Some(first), retries),
                Err(now) => {
                    claimed = now;
                    retries += 1;
                }
            }
        }
    }

    /// UNUSED -> claimed at exactly this place, if all of it is UNUSED.
    #[must_use = "a claimed run belongs to the caller"]
    pub fn transition_claim_at(&self, first: usize, slots: usize) -> bool {
        let mask = run_mask(first, slots);
        let mut claimed = self.bits();
        while claimed & mask == 0 {
            match self.claim_from(claimed, mask) {
                Ok(_) => return true,
                Err(now) => claimed = now,
            }
        }
        false
    }

    fn claim_from(&self, claimed: u32, mask: u32) -> Result<u32, u32> {
        // acquire [CLAIM]: pairs with [UNCLAIM]; what the last owner did to the slots is done
        self.0.compare_exchange_weak(claimed, claimed | mask, Ordering::Acquire, Ordering::Relaxed)
    }

    /// Claimed -> UNUSED, by the owner of the run, who corrects the hints next. Returns the word after it.
    pub fn transition_unclaim(&self, first: usize, slots: usize) -> u32 {
        let mask = run_mask(first, slots);
        // release [UNCLAIM]
        let before = self.0.fetch_and(!mask, Ordering::Release);
        fence(Ordering::SeqCst); // [HINT]: before the look at the hint that follows
        debug_assert_eq!(before & mask, mask, "unclaimed twice");
        before & !mask
    }
}

impl Default for ClaimWord {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn free_runs_are_found_where_all_bits_are_zero() {
        for claimed in [0u32, 1, 0x8000_0001, 0xffff_0000, 0x5555_5555, u32::MAX, 0x00ff_00f0] {
            for slots in 1..=16 {
                for align in [1usize, 2, 4, 8, 16] {
                    let starts = free_run_starts(claimed, slots, align);
                    for first in 0..32 {
                        let fits = first + slots <= 32 && first % align == 0 && claimed & run_mask(first, slots) == 0;
                        assert_eq!(starts >> first & 1 == 1, fits, "{claimed:x} {slots} {align} {first}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_run_is_claimed_where_all_of_it_is_free() {
        let word = ClaimWord::new();
        assert!(word.transition_claim_at(2, 3) && !word.transition_claim_at(4, 2));
        assert_eq!(word.transition_claim(4, 4), (Some(8), 0));
        assert_eq!(word.transition_unclaim(2, 3), 0xf00);
        assert_eq!(word.transition_claim(8, 1), (Some(0), 0));
        assert_eq!(word.transition_claim(32, 1), (None, 0));
    }
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // loom's cells are touched by pointer
mod models {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread::{JoinHandle, spawn};

    struct Slots {
        claims: ClaimWord,
        memory: [UnsafeCell<u32>; 4],
    }

    /// Slots from the fifth on are claimed for ever.
    fn slots() -> Arc<Slots> {
        let s = Slots { claims: ClaimWord::new(), memory: std::array::from_fn(|_| UnsafeCell::new(0)) };
        assert!(s.claims.transition_claim_at(4, 28));
        Arc::new(s)
    }

    fn start<T: 'static>(s: &Arc<Slots>, run: fn(&Slots) -> T) -> JoinHandle<T> {
        let s = s.clone();
        spawn(move || run(&s))
    }

    fn touch(s: &Slots, first: usize, slots: usize) {
        // SAFETY: the slots are claimed by this thread; the model checks exactly that.
        s.memory[first..first + slots].iter().for_each(|slot| slot.with_mut(|p| unsafe { *p += 1 }));
    }

    fn claim(s: &Slots, slots: usize) -> Option<usize> {
        let (first, _) = s.claims.transition_claim(slots, slots);
        first.inspect(|first| touch(s, *first, slots))
    }

    fn claim_and_give_back(s: &Slots, slots: usize) -> bool {
        let first = claim(s, slots);
        first.map(|first| s.claims.transition_unclaim(first, slots)).is_some()
    }

    #[test]
    fn claimers_of_runs_get_runs_of_their_own() {
        loom::model(|| {
            let s = slots();
            let others = [start(&s, |s| claim(s, 1).is_some()), start(&s, |s| claim(s, 2).is_some())];
            let mine = claim(&s, 2).is_some();
            let others = others.map(|t| t.join().unwrap());
            let claimed = usize::from(mine) * 2 + usize::from(others[0]) + usize::from(others[1]) * 2;
            assert_eq!((s.claims.bits() & 0xf).count_ones() as usize, claimed);
            assert!(claimed >= 3, "there was room");
        });
    }

    #[test]
    fn a_place_is_claimed_by_one_and_seen_as_its_last_owner_left_it() {
        loom::model(|| {
            let s = slots();
            let at_place = |s: &Slots| {
                let claimed = s.claims.transition_claim_at(0, 4);
                if claimed {
                    touch(s, 0, 4);
                    s.claims.transition_unclaim(0, 4);
                }
            };
            let others = [start(&s, at_place), start(&s, |s| _ = claim_and_give_back(s, 2))];
            claim_and_give_back(&s, 2);
            others.into_iter().for_each(|t| t.join().unwrap());
            assert_eq!(s.claims.bits() & 0xf, 0);
        });
    }
}
