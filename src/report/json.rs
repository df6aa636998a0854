//! The statistics as one JSON object on one line, so that reports appended to a file stay apart.
//! The version comes first; a new member does not raise it, a changed meaning does.

use super::ratio::{append_percent, append_quotient};
use super::{LockCounts, LockTotals, STAGE_NAMES, Sink, slow_path_operations, sum};
use crate::geometry::class_bytes;
use crate::stats::{ClassSnapshot, SYSTEM_CALL_NAMES, Snapshot, Stage, TELEMETRY_VERSION};
use crate::text::Line;

/// Bytes of the longest piece: a name and one number.
const PIECE_BYTES: usize = 96;
type Piece = Line<PIECE_BYTES>;

/// Writes the object and a newline. False when the sink takes no more.
pub fn write_json(s: &Snapshot, out: Sink) -> bool {
    let mut json = Json { out, is_first: true, is_whole: true };
    json.open(None, "{");
    json.number("version", u64::from(TELEMETRY_VERSION));
    locks(&mut json, s);
    pool(&mut json, s);
    caches(&mut json, s);
    remote(&mut json, s);
    heaps(&mut json, s);
    memory(&mut json, s);
    classes(&mut json, s);
    json.object("system_calls", |json| {
        for (name, count) in SYSTEM_CALL_NAMES.iter().zip(s.system_calls) {
            json.number(name, count);
        }
    });
    atomics(&mut json, s);
    json.close("}\n");
    json.is_whole
}

fn locks(json: &mut Json, s: &Snapshot) {
    let locks = LockCounts::all(s);
    let total = LockTotals::of(&locks);
    let operations = slow_path_operations(s);
    json.object("locks", |json| {
        json.number("acquisitions", total.acquisitions);
        json.number("releases", total.releases);
        json.number("acquire_slab", total.acquire_slab);
        json.percent("acquire_slab_percent", total.acquire_slab, total.acquisitions, 1);
        json.number("release_slab", total.release_slab);
        json.percent("release_slab_percent", total.release_slab, total.acquisitions, 1);
        json.number("slow_path_operations", operations);
        json.percent("share_of_operations_percent", total.acquisitions, operations, 3);
        json.object("by_name", |json| {
            for lock in &locks {
                json.object(lock.name, |json| {
                    json.number("acquisitions", lock.acquisitions());
                    json.number("releases", lock.releases);
                    json.number("waits", lock.waits);
                });
            }
        });
    });
}

fn pool(json: &mut Json, s: &Snapshot) {
    let served = sum(&s.stage_hits);
    let reused = sum(&[s.stage_hits[Stage::ReuseSame as usize], s.stage_hits[Stage::ReuseOther as usize]]);
    json.object("pool", |json| {
        json.object("stages", |json| {
            for (stage, name) in STAGE_NAMES.iter().enumerate() {
                json.object(name, |json| {
                    json.number("hits", s.stage_hits[stage]);
                    json.number("misses", s.stage_misses[stage]);
                    json.number("cas_retries", s.stage_retries[stage]);
                    json.number("system_call_ns", s.stage_ns[stage]);
                });
            }
        });
        json.number("served", served);
        json.percent("stages_1_and_1b_percent", reused, served, 1);
        json.number("release_cas_retries", s.release_retries);
        json.number("purge_system_call_ns", s.purge_ns);
        json.number("slabs_acquired", s.acquires);
        json.number("slabs_released", s.releases);
        json.number("slabs_adopted", s.adopted_slabs);
        json.number("superslabs", s.superslabs);
        json.number("spans_allocated", s.span_allocations);
        json.number("huge_allocated", s.huge_allocations);
        json.number("huge_cache_hits", s.huge_cache_hits);
    });
}

fn caches(json: &mut Json, s: &Snapshot) {
    json.object("front_caches", |json| {
        json.number("refills", s.refills);
        json.number("refilled_blocks", s.refilled_blocks);
        json.number("flushes", s.flushes);
        json.number("flushed_blocks", s.flushed_blocks);
        json.number("served_by_larger", s.served_by_larger);
        json.number("depot_takes", s.depot_takes);
        json.number("depot_puts", s.depot_puts);
    });
}

fn remote(json: &mut Json, s: &Snapshot) {
    json.object("remote_frees", |json| {
        json.number("blocks", s.remote_blocks);
        json.number("batches", s.posted_batches);
        json.quotient("blocks_per_batch", s.remote_blocks, s.posted_batches, 1);
        json.number("cas_retries", s.post_retries);
        json.number("visits", s.visits);
        json.number("drains", s.drains);
        json.number("drained_batches", s.drained_batches);
        json.number("drained_blocks", s.drained_blocks);
        json.quotient("drains_per_refill", s.drains, s.refills, 3);
    });
}

fn heaps(json: &mut Json, s: &Snapshot) {
    json.object("heaps", |json| {
        json.number("existing", s.heaps);
        json.number("parked", s.heaps_parked);
        json.number("bound", s.heaps_bound);
        json.number("given_away", s.heaps_given_away);
        json.number("borrowed_calls", s.heaps_borrowed);
    });
}

fn memory(json: &mut Json, s: &Snapshot) {
    json.object("memory", |json| {
        json.number("live_bytes", s.live_bytes);
        json.number("cached_bytes", sum(&[s.front_cached_bytes, s.warm_bytes]));
        json.number("free_bytes", s.free_bytes);
        json.number("committed_bytes", s.committed_bytes);
        json.number("front_cached_bytes", s.front_cached_bytes);
        json.number("warm_bytes", s.warm_bytes);
        json.number("span_live_bytes", s.span_live_bytes);
        json.number("huge_live_bytes", s.huge_live_bytes);
        json.number("metadata_bytes", s.metadata_bytes);
        json.number("purged_bytes", s.purged_bytes);
        json.number("refaulted_bytes", s.refaulted_bytes);
        json.number("huge_page_bytes", s.huge_page_bytes);
        json.number("stray_blocks", s.stray_blocks);
        json.number("foreign_frees", s.foreign_frees);
    });
}

/// Only where a build counts them.
fn atomics(json: &mut Json, s: &Snapshot) {
    if let Some(atomics) = s.atomics {
        json.object("atomics", |json| {
            json.number("read_modify_writes", atomics.read_modify_writes);
            json.number("own", atomics.own);
            json.number("statistics", atomics.statistics);
            json.number("failures", atomics.failures);
            json.number("fences", atomics.fences);
        });
    }
}

/// The size classes that have slabs, by their bytes.
fn classes(json: &mut Json, s: &Snapshot) {
    json.object("classes", |json| {
        for (class, of_class) in s.classes.iter().enumerate() {
            let ClassSnapshot { slabs, blocks_out, blocks_cached } = *of_class;
            if slabs == 0 && blocks_out == 0 && blocks_cached == 0 {
                continue;
            }
            let mut name = Line::<24>::new();
            name.decimal(class_bytes(class) as u64);
            json.object(core::str::from_utf8(name.as_bytes()).unwrap_or(""), |json| {
                json.number("slabs", slabs);
                json.number("blocks_out", blocks_out);
                json.number("blocks_cached", blocks_cached);
            });
        }
    });
}

/// Writes members with commas between them. Names are this crate's own and need no escapes.
struct Json<'a> {
    out: Sink<'a>,
    /// Whether the next member is the first of its object.
    is_first: bool,
    /// Whether the sink has taken everything so far.
    is_whole: bool,
}

impl Json<'_> {
    fn number(&mut self, name: &str, number: u64) {
        self.member(name, |piece| _ = piece.decimal(number));
    }

    fn percent(&mut self, name: &str, part: u64, whole: u64, decimals: u32) {
        self.member(name, |piece| append_percent(piece, part, whole, decimals));
    }

    fn quotient(&mut self, name: &str, part: u64, whole: u64, decimals: u32) {
        self.member(name, |piece| append_quotient(piece, part, whole, decimals));
    }

    fn object(&mut self, name: &str, members: impl FnOnce(&mut Self)) {
        self.open(Some(name), "{");
        members(self);
        self.close("}");
    }

    fn open(&mut self, name: Option<&str>, bracket: &str) {
        match name {
            Some(name) => self.member(name, |piece| _ = piece.text(bracket)),
            None => self.piece(bracket.as_bytes()),
        }
        self.is_first = true;
    }

    fn close(&mut self, bracket: &str) {
        self.piece(bracket.as_bytes());
        self.is_first = false;
    }

    fn member(&mut self, name: &str, value: impl FnOnce(&mut Piece)) {
        let mut piece = Piece::new();
        piece.text(if self.is_first { "\"" } else { ",\"" }).text(name).text("\":");
        value(&mut piece);
        self.is_first = false;
        self.piece(piece.as_bytes());
    }

    fn piece(&mut self, bytes: &[u8]) {
        self.is_whole = self.is_whole && (self.out)(bytes);
    }
}
