//! A number that only rises, after the work that it stands for: how much is made, committed, readable.
//!
//! Any thread may raise it and look at it. Whoever sees a mark sees all that was done before somebody
//! raised it to there or, in between, to less: each raise carries on the release of those before it.

use super::{AtomicUsize, Ordering, const_new};

/// See the module.
#[derive(Debug)]
#[repr(transparent)]
pub struct Watermark(AtomicUsize);

impl Watermark {
    const_new! {
        /// Nothing is done.
        pub fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    /// The mark: what stands below it is done.
    #[inline(always)]
    pub fn get(&self) -> usize {
        // acquire [MARK]: pairs with `raise`
        self.0.load(Ordering::Acquire)
    }

    /// The same, only to compare it: nothing may be concluded from it.
    #[inline(always)]
    pub fn peek(&self) -> usize {
        // relaxed: only compared
        self.0.load(Ordering::Relaxed)
    }

    /// Raises the mark to `to`, if it is not there yet: the work below it is done.
    pub fn raise(&self, to: usize) {
        // release [MARK]
        self.0.fetch_max(to, Ordering::Release);
    }
}

impl Default for Watermark {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // loom's cells are touched by pointer
mod models {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread::spawn;

    struct Work {
        mark: Watermark,
        done: [UnsafeCell<u32>; 2],
    }

    impl Work {
        fn work(&self, place: usize) {
            // SAFETY: each place has one worker; the model checks that no one looks at it before its work is done.
            self.done[place].with_mut(|p| unsafe { *p = 1 });
            self.mark.raise(place + 1);
        }

        /// Works on the second place, if the first is seen to be done.
        fn go_on(&self) {
            if self.mark.get() == 1 {
                self.work(1);
            }
        }

        fn look(&self) {
            for place in 0..self.mark.get() {
                // SAFETY: below the mark nobody works any more.
                self.done[place].with(|p| assert_eq!(unsafe { *p }, 1));
            }
        }
    }

    #[test]
    fn all_below_a_mark_is_seen_whoever_raised_it() {
        loom::model(|| {
            let done = [UnsafeCell::new(0), UnsafeCell::new(0)];
            let w = Arc::new(Work { mark: Watermark::new(), done });
            let others = [|w: &Work| w.work(0), Work::go_on].map(|run| {
                let w = w.clone();
                spawn(move || run(&w))
            });
            w.look();
            others.into_iter().for_each(|t| t.join().unwrap());
            w.look();
        });
    }

    #[test]
    fn a_late_raise_does_not_lower_the_mark() {
        loom::model(|| {
            let mark = Arc::new(Watermark::new());
            let other = {
                let mark = mark.clone();
                spawn(move || mark.raise(2))
            };
            mark.raise(1);
            other.join().unwrap();
            assert_eq!(mark.get(), 2);
        });
    }
}
