"""Free memory is touched once before anything is measured.

What the host of a virtual machine has not given it yet costs some twenty times as much at its first touch: 2.9 s a GiB on
the machine of docs/benchmarks.md when it was new, with MADV_HUGEPAGE and a write to each page, and 0.12 s from then on.
It falls to whoever asks for huge pages or for much, in whatever order the rows come.
"""

import mmap
from pathlib import Path

STEP_BYTES = 1 << 30
MOST_BYTES = 16 << 30
MADV_POPULATE_WRITE = 23  # Linux 5.14; not in the module mmap


def free_bytes():
    """What a process may have at the moment: of the machine, or of its group where that is less."""
    words = Path("/proc/meminfo").read_text(encoding="ascii").split()
    found = [int(words[words.index("MemAvailable:") + 1]) * 1024]
    group = Path("/sys/fs/cgroup/memory.max")
    if group.exists() and (limit := group.read_text(encoding="ascii").strip()).isdigit():
        found.append(int(limit))
    return min(found)


def touch_free():
    """Touches three quarters of the free memory, MOST_BYTES at most, and gives it back; returns the bytes, 0 where the
    kernel cannot."""
    want = min(free_bytes() * 3 // 4, MOST_BYTES)
    held = []
    try:
        for _ in range(want // STEP_BYTES):
            region = mmap.mmap(-1, STEP_BYTES)
            held.append(region)
            if hasattr(mmap, "MADV_HUGEPAGE"):
                region.madvise(mmap.MADV_HUGEPAGE)
            region.madvise(MADV_POPULATE_WRITE)
    except OSError:
        return 0
    finally:
        for region in held:
            region.close()
    return len(held) * STEP_BYTES
