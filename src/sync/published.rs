//! Words and pointers that say what was made: whoever reads one sees all that was done before it was published.
//!
//! A value is published by an exchange from the one that the thread saw, so that of several threads that make the same
//! thing one is heard; the others learn what stands there and give up or use that. No value comes a second time.

use super::{AtomicPtr, AtomicU64, Ordering, const_new};
use core::ptr;

/// A word; 0 at first.
#[derive(Debug)]
#[repr(transparent)]
pub struct PublishedWord(AtomicU64);

impl PublishedWord {
    const_new! {
        /// Nothing is published.
        pub fn new() -> Self {
            Self(AtomicU64::new(0))
        }
    }

    /// The word, and with it what it says.
    #[inline]
    pub fn get(&self) -> u64 {
        // acquire [PUBLISH]: pairs with `publish`
        self.0.load(Ordering::Acquire)
    }

    /// The same for who has seen it, or what came of it, before; or for reports.
    #[inline]
    pub fn peek(&self) -> u64 {
        // relaxed: the caller's reason
        self.0.load(Ordering::Relaxed)
    }

    /// Publishes `to` in place of `from`, which the caller got here. What stands there instead is the error: another
    /// thread was faster, and what it did is seen.
    pub fn publish(&self, from: u64, to: u64) -> Result<(), u64> {
        // release [PUBLISH]; acquire, for who uses what the winner made
        self.0.compare_exchange(from, to, Ordering::Release, Ordering::Acquire).map(|_| ())
    }
}

impl Default for PublishedWord {
    fn default() -> Self {
        Self::new()
    }
}

/// A pointer to something that lives for ever; null at first, and published once. All-zero bytes are one.
#[derive(Debug)]
#[repr(transparent)]
pub struct PublishedPtr<T>(AtomicPtr<T>);

impl<T> PublishedPtr<T> {
    const_new! {
        /// Nothing is published.
        pub fn new() -> Self {
            Self(AtomicPtr::new(ptr::null_mut()))
        }
    }

    /// What was published; null: nothing yet.
    #[inline]
    pub fn get(&self) -> *mut T {
        // acquire [PUBLISH]: pairs with `publish`
        self.0.load(Ordering::Acquire)
    }

    /// Publishes `made`, unless another thread was faster. Returns what stands there now.
    pub fn publish(&self, made: *mut T) -> *mut T {
        // release [PUBLISH]; a loser acquires what the winner made
        match self.0.compare_exchange(ptr::null_mut(), made, Ordering::Release, Ordering::Acquire) {
            Ok(_) => made,
            Err(theirs) => theirs,
        }
    }
}

impl<T> Default for PublishedPtr<T> {
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

    struct Works {
        word: PublishedWord,
        pointer: PublishedPtr<UnsafeCell<u64>>,
        made: [UnsafeCell<u64>; 2],
    }

    fn works() -> Arc<Works> {
        let made = [UnsafeCell::new(0), UnsafeCell::new(0)];
        Arc::new(Works { word: PublishedWord::new(), pointer: PublishedPtr::new(), made })
    }

    impl Works {
        fn make(&self, by: usize) {
            // SAFETY: each place has one maker; the model checks that no one looks at it before it is published.
            self.made[by].with_mut(|p| unsafe { *p = 7 });
        }

        fn look(&self, by: u64) {
            // SAFETY: published.
            self.made[by as usize].with(|p| assert_eq!(unsafe { *p }, 7));
        }

        /// Makes what the word is to say, if nobody has; the place of who has.
        fn word_of(&self, by: usize) -> u64 {
            match self.word.get() {
                0 => {
                    self.make(by);
                    let mine = by as u64 + 1;
                    self.word.publish(0, mine).map_or_else(|theirs| theirs, |()| mine)
                }
                theirs => theirs,
            }
        }
    }

    #[test]
    fn one_word_is_heard_and_what_it_says_is_done() {
        loom::model(|| {
            let works = works();
            let other = {
                let works = works.clone();
                spawn(move || {
                    let word = works.word_of(1);
                    works.look(word - 1);
                    word
                })
            };
            let word = works.word_of(0);
            works.look(word - 1);
            assert_eq!(word, other.join().unwrap());
            assert_eq!(word, works.word.peek());
        });
    }

    #[test]
    fn a_word_that_follows_another_carries_what_that_one_said() {
        loom::model(|| {
            let works = works();
            let others = [0, 1].map(|by| {
                let works = works.clone();
                spawn(move || {
                    if works.word.get() == by {
                        works.make(by as usize);
                        works.word.publish(by, by + 1).unwrap();
                    }
                })
            });
            (0..works.word.get()).for_each(|by| works.look(by));
            others.into_iter().for_each(|other| other.join().unwrap());
        });
    }

    #[test]
    fn a_node_is_made_once_and_whole_when_it_is_found() {
        loom::model(|| {
            let works = works();
            let find = |works: &Works, by: usize| {
                let mut node = works.pointer.get();
                if node.is_null() {
                    works.make(by);
                    node = works.pointer.publish((&raw const works.made[by]).cast_mut());
                }
                // SAFETY: published, and nodes outlive the threads.
                unsafe { (*node).with(|p| assert_eq!(*p, 7)) };
                node as usize
            };
            let other = {
                let works = works.clone();
                spawn(move || find(&works, 1))
            };
            let mine = find(&works, 0);
            assert_eq!(mine, other.join().unwrap());
        });
    }
}
