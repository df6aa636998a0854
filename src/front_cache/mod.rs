//! A thread's heap: its bins, which serve malloc and free without an atomic operation, and the slow
//! paths behind them.
//!
//! ```text
//! tls.rs          the one thread-local pointer
//! bin.rs          an array of free blocks of one class: pop, push
//! heap.rs         bins, depot, outbox, slab set, and the shared part, in one piece
//! depot.rs        full magazines
//! refill.rs       an empty bin:  depot, drain, own slabs, shared pool
//! larger.rs       before growth: a freed block of a class a little larger
//! flush.rs        a full bin:    depot, slabs
//! sweep.rs        before growth: idle classes give up what is cached of them
//! surplus.rs      before growth: slabs of owners that rest and have more free than in use
//! bind.rs         which heap a thread uses: bind, enter, borrow, thread exit
//! visit.rs        draining a heap in its owner's place
//! elsewhere.rs    what a thread does outside of its own heap
//! trim.rs         giving back all that nobody uses
//! orphan.rs       the heaps of threads that a fork has left behind
//! confirm.rs      is a suspected double free one?
//! ```
//!
//! | field of [`heap::Heap`] | touched by |
//! |---|---|
//! | key, secret, size table | fixed; anyone may read the key |
//! | bins | the owner thread, at any time (of an orphan, see `orphan.rs`, the tenant); reports and `confirm.rs` read them, racing with it |
//! | outbox | the owner thread, at any time (an orphan's the tenant); reports and `confirm.rs` read it, racing with it |
//! | view, refill count, waves, usage, cleared | the owner thread, at any time |
//! | depot, slab set | the tenant (see `sync/tenancy.rs`) |
//! | shared part | any thread |

pub mod bin;
pub mod bind;
pub mod confirm;
pub mod depot;
pub mod flush;
pub mod elsewhere;
pub mod heap;
mod larger;
pub mod orphan;
pub mod refill;
mod surplus;
mod sweep;
pub mod tls;
pub mod trim;
pub mod visit;
