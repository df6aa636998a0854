//! The counters as the XML of glibc's malloc_info.

use super::Sink;
use super::arena::{Arena, free_blocks};
use crate::geometry::CLASSES;
use crate::stats::Snapshot;
use crate::text::Line;

/// Bytes of the longest line: its words and five numbers of 20 digits.
const LINE_BYTES: usize = 320;

/// The document of glibc's version 1: the free blocks by size, then the sums. An element of our own
/// holds the bytes that obey live + cached + free = committed. False when the sink takes no more.
pub fn write_xml(s: &Snapshot, out: Sink) -> bool {
    let arena = Arena::of(s);
    out(b"<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n")
        && write_sizes(s, out)
        && out(b"</sizes>\n")
        && write_sums(&arena, out)
        && out(b"</heap>\n")
        && write_sums(&arena, out)
        && element("total type=\"mmap\"", &[("size", s.huge_live_bytes)], out)
        && element(
            "hakmem",
            &[
                ("live", s.live_bytes),
                ("cached", s.front_cached_bytes + s.warm_bytes),
                ("free", s.free_bytes),
                ("committed", s.committed_bytes),
                ("metadata", s.metadata_bytes),
            ],
            out,
        )
        && out(b"</malloc>\n")
}

/// One element for each class with free blocks: their sizes, their bytes, how many.
fn write_sizes(s: &Snapshot, out: Sink) -> bool {
    let mut below = 0;
    for (class, info) in s.classes.iter().zip(&CLASSES) {
        let block = u64::from(info.bytes);
        let count = free_blocks(class, info.capacity);
        let numbers = [("from", below + 1), ("to", block), ("total", count * block), ("count", count)];
        below = block;
        if count > 0 && !element("size", &numbers, out) {
            return false;
        }
    }
    true
}

/// The sums that glibc prints for each arena and for all of them; there is one arena here.
fn write_sums(arena: &Arena, out: Sink) -> bool {
    let fast = [("count", arena.cached_blocks), ("size", arena.cached_bytes)];
    let rest = [
        ("count", arena.free_blocks.saturating_sub(arena.cached_blocks)),
        ("size", arena.free_bytes.saturating_sub(arena.cached_bytes)),
    ];
    let all = [("size", arena.bytes)];
    element("total type=\"fast\"", &fast, out)
        && element("total type=\"rest\"", &rest, out)
        && element("system type=\"current\"", &all, out)
        && element("aspace type=\"total\"", &all, out)
        && element("aspace type=\"mprotect\"", &all, out)
}

/// `<NAME ATTRIBUTE="NUMBER" .../>`.
fn element(name: &str, numbers: &[(&str, u64)], out: Sink) -> bool {
    let mut line = Line::<LINE_BYTES>::new();
    line.text("<").text(name);
    for (attribute, number) in numbers {
        line.text(" ").text(attribute).text("=\"").decimal(*number).text("\"");
    }
    out(line.text("/>").finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::snapshot;

    fn text_of(snapshot: &Snapshot) -> String {
        let mut text = Vec::new();
        assert!(write_xml(snapshot, &mut |line| {
            text.extend_from_slice(line);
            true
        }));
        String::from_utf8(text).unwrap()
    }

    fn largest_snapshot() -> Snapshot {
        let mut s = snapshot();
        s.live_bytes = u64::MAX;
        s.free_bytes = u64::MAX;
        s.committed_bytes = u64::MAX;
        s.metadata_bytes = u64::MAX;
        s.front_cached_bytes = u64::MAX;
        s.warm_bytes = 0;
        s
    }

    #[test]
    fn every_element_is_closed_and_the_longest_lines_are_whole() {
        let xml = text_of(&largest_snapshot());
        let mut open = Vec::new();
        for line in xml.lines() {
            assert!(line.starts_with('<') && line.ends_with('>'), "{line}");
            if let Some(name) = line.strip_prefix("</") {
                assert_eq!(open.pop(), Some(name.trim_end_matches('>').to_string()));
            } else if !line.ends_with("/>") {
                open.push(line.trim_matches(['<', '>']).split(' ').next().unwrap().to_string());
            }
        }
        assert_eq!(open, Vec::<String>::new());
        assert!(xml.contains("committed=\"18446744073709551615\" metadata=\"18446744073709551615\"/>"));
    }

    #[test]
    fn sizes_tell_range_bytes_and_count_of_free_blocks() {
        let mut s = snapshot();
        for class in &mut s.classes {
            (class.slabs, class.blocks_out, class.blocks_cached) = (0, 0, 0);
        }
        (s.classes[1].slabs, s.classes[1].blocks_out, s.classes[1].blocks_cached) = (1, 100, 7);
        let count = u64::from(CLASSES[1].capacity) - 100 + 7;
        let (from, to) = (CLASSES[0].bytes + 1, CLASSES[1].bytes);
        let expected = format!(
            "<sizes>\n<size from=\"{from}\" to=\"{to}\" total=\"{}\" count=\"{count}\"/>\n</sizes>",
            count * u64::from(to)
        );
        assert!(text_of(&s).contains(&expected));
    }

    #[test]
    fn a_full_sink_ends_the_document() {
        let mut lines = 0;
        assert!(!write_xml(&snapshot(), &mut |_| {
            lines += 1;
            lines < 3
        }));
        assert_eq!(lines, 3);
    }
}
