//! Empty magazines: whoever needs or empties many has a stock of them; what is too much of it goes to all
//! others by the chain, so that a magazine costs a fraction of an atomic operation.
//!
//! A chain is one node of the recycling stack, its first magazine: that one knows by its count how many
//! they are, and holds the others, linked, in its first place. (Its own link is the stack's.)
#![allow(unsafe_code)] // magazines are numbered pieces of the metadata pool

use super::Magazine;
use crate::policy::MAGAZINE_CHAIN;
use crate::superslab::pool;
use crate::sync::Ordering;
use crate::sync::tagged_stack::{END, Links, TaggedStack};
use core::ptr;

/// Bits of a magazine's number: pieces of 64 bytes of the largest metadata pool.
const NUMBER_BITS: u32 = 28;
/// `class` of a magazine that came out of a torn list, until somebody clears it.
const GIVEN_UP: u8 = u8::MAX - 1;
static RECYCLED: TaggedStack<NUMBER_BITS> = TaggedStack::new();

struct PoolLinks(usize);

impl PoolLinks {
    fn at(&self, number: u32) -> *mut Magazine {
        (self.0 + number as usize * pool::PIECE_ALIGN) as *mut Magazine
    }

    fn number(&self, magazine: *mut Magazine) -> u32 {
        ((magazine as usize - self.0) / pool::PIECE_ALIGN) as u32
    }
}

impl Links for PoolLinks {
    fn next(&self, number: u32) -> u32 {
        // SAFETY: [I-POOL] the number was pushed once.
        // relaxed, both: the stack orders its links
        unsafe { (*self.at(number)).link.load(Ordering::Relaxed) as usize as u32 }
    }
    fn set_next(&self, number: u32, next: u32) {
        // SAFETY: [I-POOL] as above.
        unsafe { (*self.at(number)).link.store(next as usize as *mut Magazine, Ordering::Relaxed) }
    }
}

/// Empty magazines at hand. Belongs to whoever the place that it stands in belongs to.
#[derive(Debug)]
pub struct Stock {
    first: *mut Magazine,
    count: usize,
    /// A whole chain, or null: what is taken and given in turn never goes beyond the two.
    spare: *mut Magazine,
}

impl Stock {
    /// None at hand.
    pub const fn new() -> Self {
        Self { first: ptr::null_mut(), count: 0, spare: ptr::null_mut() }
    }

    /// An empty magazine: one at hand, one of a chain that somebody gave away, or a new one. `None`: memory
    /// is out.
    #[inline]
    pub fn take(&mut self) -> Option<*mut Magazine> {
        if self.first.is_null() && !self.open_chain() {
            return pool::take(size_of::<Magazine>()).map(|piece| piece.cast());
        }
        let one = self.first;
        // SAFETY: [I-MAGAZINE] those at hand are the stock's.
        self.first = unsafe { (*one).linked() };
        self.count -= 1;
        Some(one)
    }

    #[cold]
    fn open_chain(&mut self) -> bool {
        let spare = core::mem::replace(&mut self.spare, ptr::null_mut());
        let chain = if spare.is_null() { take_chain() } else { Some((spare, MAGAZINE_CHAIN)) };
        (self.first, self.count) = chain.unwrap_or((ptr::null_mut(), 0));
        !self.first.is_null()
    }

    /// Keeps an empty magazine; gives a chain away where that makes too many.
    ///
    /// # Safety
    /// `[I-MAGAZINE]` it belongs to the caller, who gives it to the stock.
    #[inline]
    pub unsafe fn put(&mut self, magazine: *mut Magazine) {
        if self.count == MAGAZINE_CHAIN {
            self.close_chain();
        }
        // SAFETY: the caller's promise.
        unsafe { (*magazine).set_linked(self.first) };
        self.first = magazine;
        self.count += 1;
    }

    #[cold]
    fn close_chain(&mut self) {
        // out of the stock first: in the child of a fork no magazine is to be in both
        let spare = core::mem::replace(&mut self.spare, self.first);
        (self.first, self.count) = (ptr::null_mut(), 0);
        give_chain(spare, MAGAZINE_CHAIN);
    }

    /// Gives all of them away.
    pub fn give_all(&mut self) {
        let Self { first, count, spare } = core::mem::take(self); // first, as above
        give_chain(spare, MAGAZINE_CHAIN);
        give_chain(first, count);
    }

    /// The same of a stock that the fork has torn.
    ///
    /// # Safety
    /// As for [`give_up_list`].
    pub unsafe fn give_up(&mut self) {
        let Self { first, spare, .. } = core::mem::take(self);
        for list in [first, spare] {
            // SAFETY: the caller's promise.
            unsafe { give_up_list(list, &mut |_| {}) };
        }
    }

    /// Whether its lists and count agree; by whom it belongs to.
    pub fn is_sound(&self) -> bool {
        is_chain(self.first, self.count) && (self.spare.is_null() || is_chain(self.spare, MAGAZINE_CHAIN))
    }

    /// Forgets them, in the child of a fork whose owner may have been in the midst of a change.
    pub fn forget(&mut self) {
        *self = Self::new();
    }
}

impl Default for Stock {
    fn default() -> Self {
        Self::new()
    }
}

/// Number of faults among the magazines that were given away: for checks, exact while all threads rest.
pub fn check_recycled() -> usize {
    let Some(base) = pool::base() else { return 0 };
    let (links, most) = (PoolLinks(base), pool::committed_bytes() / size_of::<Magazine>());
    let (mut faults, mut seen, mut number) = (0, 0, RECYCLED.top());
    while number != END {
        let first = links.at(number);
        if !super::is_one(first) || seen > most {
            return faults + 1; // no magazine, or a circle
        }
        // SAFETY: [I-POOL] a magazine of the pool, whoever it belongs to by now.
        let (count, rest) = unsafe { ((*first).count as usize, (*first).items[0].cast()) };
        faults += usize::from(!(1..=MAGAZINE_CHAIN).contains(&count) || !is_chain(rest, count.wrapping_sub(1)));
        seen += count;
        number = links.next(number);
    }
    faults
}

/// Makes the newest chain one shorter or, called again, as long as it was: for the test of the checks.
#[cfg(test)]
pub fn damage() {
    let first = PoolLinks(pool::base().unwrap()).at(RECYCLED.top());
    // SAFETY: [I-POOL] a magazine of the pool; nobody else is there.
    unsafe { (*first).count ^= 1 };
}

/// Whether `count` magazines, and no more, are linked from `first` on.
fn is_chain(first: *mut Magazine, count: usize) -> bool {
    let mut at = first;
    for _ in 0..count.min(MAGAZINE_CHAIN) {
        if !super::is_one(at) {
            return false;
        }
        // SAFETY: [I-POOL] as above.
        at = unsafe { (*at).linked() };
    }
    at.is_null()
}

/// A chain that somebody gave away: the first of it, linked to the others, and how many they are.
fn take_chain() -> Option<(*mut Magazine, usize)> {
    let links = PoolLinks(pool::base()?);
    let first = links.at(RECYCLED.pop(&links).0?);
    // SAFETY: [I-MAGAZINE] the pop gave the chain to this thread.
    unsafe {
        (*first).set_linked((*first).items[0].cast());
        Some((first, (*first).count as usize))
    }
}

/// Gives `count` magazines of the caller's away, which are linked to each other; none where `first` is null.
fn give_chain(first: *mut Magazine, count: usize) {
    let Some(base) = pool::base().filter(|_| !first.is_null()) else { return };
    let links = PoolLinks(base);
    let number = links.number(first);
    debug_assert_ne!(number, END);
    // SAFETY: [I-MAGAZINE] the stock's, which gives them away.
    unsafe {
        (*first).items[0] = (*first).linked().cast();
        (*first).count = count as u16;
    }
    RECYCLED.push(&links, number);
}

/// One empty magazine for who needs no more; `None` when memory is out.
pub fn obtain() -> Option<*mut Magazine> {
    let mut stock = Stock::new();
    let one = stock.take();
    stock.give_all();
    one
}

/// Gives one empty magazine away.
///
/// # Safety
/// `magazine` came from [`obtain`] or a [`Stock`], and the caller gives it up.
pub unsafe fn recycle(magazine: *mut Magazine) {
    let mut stock = Stock::new();
    // SAFETY: the caller's promise.
    unsafe { stock.put(magazine) };
    stock.give_all();
}

/// Recycles the magazines of a list that the fork has torn, each shown before.
///
/// # Safety
/// This is the child of a fork, which alone has the lists, and nobody obtains a magazine meanwhile.
pub unsafe fn give_up_list(head: *mut Magazine, show: &mut impl FnMut(&Magazine)) {
    let mut at = head;
    // SAFETY: the caller's promise.
    while let Some(next) = unsafe { give_up(at, &mut *show) } {
        at = next;
    }
}

/// Takes a magazine out of a list that the fork has torn, and recycles it. A magazine on its way from one
/// list to another may stand in both: it comes once. Returns the next of the list; `None`: nothing to take.
///
/// The recycling stack itself is never torn, and whatever was pushed on it had left its list before.
///
/// # Safety
/// This is the child of a fork, which alone has the lists, and nobody obtains a magazine meanwhile.
pub unsafe fn give_up(magazine: *mut Magazine, show: impl FnOnce(&Magazine)) -> Option<*mut Magazine> {
    // SAFETY: [I-POOL] a magazine, and by the caller's promise nobody else's.
    let magazine = unsafe { super::is_one(magazine).then(|| &mut *magazine)? };
    if magazine.class == GIVEN_UP {
        return None;
    }
    show(magazine);
    let next = magazine.linked();
    magazine.class = GIVEN_UP;
    // SAFETY: the mark says that it comes once.
    unsafe { recycle(magazine) };
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_stock_gives_chains_away_and_takes_them_whole() {
        let (mut giver, mut taker) = (Stock::new(), Stock::new());
        let made: HashSet<_> = (0..5 * MAGAZINE_CHAIN).map(|_| giver.take().unwrap()).collect();
        assert_eq!(made.len(), 5 * MAGAZINE_CHAIN);
        giver.give_all();
        for &magazine in &made {
            // SAFETY: taken above, given once.
            unsafe { giver.put(magazine) };
            assert!(giver.count <= MAGAZINE_CHAIN);
        }
        giver.give_all();
        assert!(giver.first.is_null() && giver.count == 0 && giver.spare.is_null());
        let first = taker.take().unwrap();
        assert!(taker.count < MAGAZINE_CHAIN);
        let mut taken = HashSet::from([first]);
        while !taker.first.is_null() {
            assert!(taken.insert(taker.take().unwrap()), "a magazine handed out twice");
        }
        for magazine in taken {
            // SAFETY: taken above, given once.
            unsafe { taker.put(magazine) };
        }
        taker.give_all();
    }

    #[test]
    fn one_of_a_chain_leaves_the_others_to_be_had() {
        let mut stock = Stock::new();
        let three = [0; 3].map(|_| stock.take().unwrap());
        stock.give_all();
        for magazine in three {
            // SAFETY: taken above, given once.
            unsafe { stock.put(magazine) };
        }
        stock.give_all();
        let one = obtain().unwrap();
        // SAFETY: obtained above.
        unsafe { recycle(one) };
    }

    #[test]
    fn a_magazine_of_two_torn_lists_is_recycled_once() {
        let [first, second] = [obtain().unwrap(), obtain().unwrap()];
        let mut shown = 0;
        // SAFETY: obtained above, and given up here; no other test of this process uses what is shown.
        unsafe {
            (*second).clear(3);
            (*first).clear(3);
            (*first).set_linked(second);
            assert_eq!(give_up(first, |_| shown += 1), Some(second));
            assert_eq!(give_up(second, |_| shown += 1), Some(ptr::null_mut()));
            assert_eq!(give_up(second, |_| shown += 1), None);
            assert_eq!(give_up(ptr::null_mut(), |_| shown += 1), None);
        }
        assert_eq!(shown, 2);
    }
}
