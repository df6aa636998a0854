"""Rows of scripts/reliability: giving back, limits and faults."""

from lib.reliability_row import GIVING_BACK, LIMITS, Row

KINDS = {"small": "Blocks of up to 2000 bytes", "span": "Blocks of 64 KiB to 1 MiB", "huge": "Blocks of 1 to 32 MiB"}
KEEPS = "keeps memory by design until somebody calls"


def given_back_by_another(kind, order, owners, after):
    """1 GiB that one thread allocated and another freed."""
    where = "asleep" if owners == "asleep" else "gone"
    then = "nobody calls malloc or free" if after == "idle" else "one thread calls malloc now and then"
    return Row(f"freed by another, {kind}, {order}, {owners}, {after}", GIVING_BACK,
               f"{KINDS[kind]}, 1 GiB, freed {order} by another thread, their own {where}: below 10 % of the peak "
               f"after 3 s in which {then}",
               f"@give_back_remote {kind} {order} {owners} {after} {{scale}}", short="512", long="1024", tries=3,
               timeout=120, peer_note=KEEPS, in_short=order == "shuffled" and after == "idle")  # each waits 3 s


def given_back_after_peak(kind, threads):
    """A peak and a return."""
    return Row(f"after a peak, {kind}, {threads} threads", GIVING_BACK,
               f"{KINDS[kind]}: 3 s after a peak of 1 GiB and a return to 100 MiB live, and one more malloc, below 1.3 times that is resident",
               f"@give_back_peak {kind} {threads} {{scale}}", short="600", long="1024", tries=3, timeout=120,
               peer_note=KEEPS)


def given_back_after_low_peak(threads):
    """The same where no thread has many slabs to give back: its caches keep a block in each of them."""
    return Row(f"after a low peak, {threads} threads", GIVING_BACK,
               f"{KINDS['small']}: the same after a peak of 300 MiB", f"@give_back_peak small {threads} 300", tries=3,
               timeout=120, peer_note=KEEPS)


def swings(kind):
    """Memory that goes back and is needed at once, again and again."""
    return Row(f"not in a loop, {kind}", GIVING_BACK,
               f"{KINDS[kind]}: a program takes 400 MiB and frees all of it, 24 times; what is purged and taken again "
               "within the purge delay (10 s, for slow machines) is at most 5 % of what it takes",
               f"@swings {kind} {{scale}} 24", short="300", long="400", tries=3, timeout=120, peers=False,
               env={"HAKMEM_PURGE_DELAY_MS": "10000"})


GIVING_BACK_ROWS = [
    Row("malloc_trim gives back", GIVING_BACK, "malloc_trim gives free memory back at once", "test malloc_trim", tries=5),
    Row("shuffled frees", GIVING_BACK, "Blocks freed in random order keep no slabs back", "test shuffled_frees_go_back::",
        tries=3, peers=False),
    *(given_back_by_another(kind, order, owners, after) for kind in KINDS for order in ("in-order", "shuffled")
      for owners in ("asleep", "gone") for after in ("idle", "busy")),
    *(given_back_after_peak(kind, threads) for kind in KINDS for threads in (1, 4)),
    *map(given_back_after_low_peak, (1, 4)),
    *(swings(kind) for kind in KINDS),
    Row("memory limit", GIVING_BACK,
        "With HAKMEM_MEMORY_LIMIT=100 all that is cached goes back before malloc gives NULL and ENOMEM",
        "@memory_limit", env={"HAKMEM_MEMORY_LIMIT": "100"}, peers=False),
    Row("huge pages, small program", GIVING_BACK,
        "Where the system backs all memory with huge pages, a small program is no larger", "@thp_small", tries=3),
    Row("huge pages, never", GIVING_BACK,
        "With HAKMEM_THP=never no page is huge where the system backs all memory with huge pages", "@thp_mode never",
        tries=3, env={"HAKMEM_THP": "never"}, peers=False),
    Row("huge pages, always", GIVING_BACK,
        "With HAKMEM_THP=always most of 320 MiB is in huge pages where the system gives them to who asks",
        "@thp_mode always", tries=3, env={"HAKMEM_THP": "always"}, peers=False),
    Row("huge pages, auto", GIVING_BACK,
        "By default most of 256 MiB of small blocks is in huge pages where the system gives them to who asks, and blocks "
        "above 4 MiB while the program uses such blocks from end to end, and nothing else",
        "@thp_mode auto", tries=3, peers=False),
]


def share(kind, mib):
    """What glibc gets under a limit, and what can be had here."""
    name = {"as": "ulimit -v", "data": "ulimit -d"}[kind]
    return Row(f"{name}, {mib} MiB", LIMITS,
               f"Under {name} of {mib} MiB and 64 more, 80 % of what glibc gets without these, of every size; then ENOMEM",
               f"@limit_share {kind} {mib}", tries=2, timeout=300,
               in_short=mib <= 256)  # the larger ones fill gigabytes


# What a memory cgroup must show: program, sentence.
IN_CGROUP = {
    "cgroup": ("cgroup_memory", "of 192 MiB a program that rises to 100 MiB twenty times is not killed"),
    "cgroup, largest": ("cgroup_share", "of 128 MiB a program can have 80 % of what glibc gets there, of every size, "
                                        "before it is killed"),
}


def cgroup(name, version):
    """In version 1 on this machine; in version 2 in a virtual one, since a kernel has only one of the two."""
    program, sentence = IN_CGROUP[name]
    in_vm = "{root}/scripts/in-vm LD_PRELOAD={lib} " if version == "v2" else ""
    return Row(f"{name}, {version}", LIMITS, f"In a memory cgroup ({version}) {sentence}",
               f"{in_vm}@{program} {version}", tries=3, timeout=600, in_short=False)  # which kernel there is, varies


LIMIT_ROWS = [
    Row("limits of every size", LIMITS,
        "Under an address limit of 400 MiB blocks of every size end in NULL and ENOMEM, and can be had again after free",
        "test oom_limit::", tries=3, timeout=300),
    Row("limits, size after size", LIMITS, "What blocks of one size gave back under a limit serves those of another",
        "test oom_limit_phases", tries=3, timeout=120),
    Row("limits, four threads", LIMITS, "Four threads run into a limit of 1 GiB together, twenty times: NULL and ENOMEM",
        "test oom_threads", tries=5, timeout=120),
    *(share("as", mib) for mib in (64, 256, 1024, 8192)),
    *(share("data", mib) for mib in (64, 256, 1024, 8192)),
    Row("limit lowered", LIMITS,
        "A program that lowers its own RLIMIT_AS to 128 MiB maps, starts threads and allocates; then ENOMEM",
        "@limit_lowered", tries=5),
    Row("overcommit_memory=2", LIMITS, "Starts, serves 512 MiB to four threads, and refuses more than there is",
        "@overcommit_never", tries=3),
    Row("max_map_count", LIMITS, "The program uses up all mappings: NULL and ENOMEM, and all is served when there is room",
        "@map_count", tries=3),
    *(cgroup(name, version) for version in ("v1", "v2") for name in ("cgroup", "cgroup, largest")),
    Row("system calls", LIMITS, "A filter ends the process at any system call outside of the design's list: none is made",
        "@seccomp_list", tries=5),
    Row("core file", LIMITS, "A core file takes at most 10 % more room than under glibc", "@core_size", tries=2),
]

FAULT_ROWS = [
    Row(f"faults, {call}", LIMITS,
        f"The Nth {call} after the library's first fails, and all from N on, up to N = 500: NULL and ENOMEM, or on it goes",
        f"@nth_call_fails {call} {{scale}}", short="100", long="1", tries=1, timeout=900, peers=False)
    for call in ("mmap", "munmap", "mprotect", "madvise", "mremap")
]

ROWS = [*GIVING_BACK_ROWS, *LIMIT_ROWS, *FAULT_ROWS]
