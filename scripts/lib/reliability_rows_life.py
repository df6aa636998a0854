"""Rows of scripts/reliability: fork, threads, start and end, the loader."""

from lib.reliability_row import FORK, LOADER, THREADS, Row

UNPREPARED = "POSIX lets the child of _Fork call async-signal-safe functions only"

FORK_ROWS = [
    Row("fork, storm", FORK,
        "8 threads allocate while the process forks; each child frees its parent's blocks, allocates from 4 new "
        "threads, and grows by less than 48 MiB",
        "@fork_storm {scale}", short="15", long="1000", tries=2, timeout=600),
    Row("fork, chain", FORK,
        "Each process forks the next in the midst of its threads' work: the last one is no more than 32 MiB larger "
        "than the tenth",
        "@fork_chain {scale}", short="30", long="200", tries=3, timeout=120),
    Row("fork, nested", FORK, "A signal handler forks at any moment of another fork", "@fork_nested {scale}",
        short="30", long="500", tries=5, timeout=120),
    Row("fork, in atfork handlers", FORK, "Handlers of pthread_atfork allocate, and fork themselves",
        "@fork_in_atfork {scale}", short="10", long="200", tries=3, timeout=120),
    Row("fork, handlers first", FORK, "200 calls of pthread_atfork come before the first malloc", "@atfork_first", tries=10),
    Row("_Fork", FORK, "The child of _Fork, which no handler prepares, frees and allocates",
        "@fork_raw fork {scale}", short="30", long="500", tries=3, timeout=120, peer_note=UNPREPARED),
    Row("raw clone", FORK, "The child of the raw system call, which libc does not know of, frees and allocates",
        "@fork_raw clone {scale}", short="30", long="500", tries=3, timeout=120, peer_note=UNPREPARED),
    Row("clone, VFORK", FORK, "clone(CLONE_VM|CLONE_VFORK): blocks go from parent to child and back",
        "@clone_vm vfork {scale}", short="50", long="1000", tries=3, timeout=120),
    Row("clone, own TLS", FORK, "clone(CLONE_VM|CLONE_SETTLS): parent and child allocate at the same time",
        "@clone_vm tls {scale}", short="50", long="1000", tries=3, timeout=120),
    Row("fork, stdio lock", FORK,
        "Forks while another thread holds a stream's lock inside getline and allocates",
        "test fork_getline_holds_stdio", tries=20),
    Row("fork, atfork handlers", FORK, "Handlers of pthread_atfork allocate and free, on both sides",
        "test fork_atfork_handlers", tries=10),
    Row("fork, other thread", FORK, "A thread that is not the first forks, and its child forks again, three deep",
        "test fork_from_thread", tries=10),
    Row("fork, signal in malloc", FORK, "A signal handler forks at any moment of malloc and free",
        "test fork_in_signal_handler", tries=10),
    Row("vfork", FORK, "The child of vfork allocates in its parent's memory, then calls exec", "test vfork_exec", tries=10),
    Row("posix_spawn", FORK, "posix_spawn, system and popen from three threads at once", "test posix_spawn", tries=10),
]

THREAD_ROWS = [
    Row("threads, key destructors", THREADS, "Destructors of 200 keys allocate and free, in every round that POSIX grants",
        "test thread_key_destructors", tries=10),
]

LOADER_ROWS = [
    Row("early constructors", LOADER, "malloc works in .preinit_array and in the first constructor",
        "test life_constructor", tries=5),
]

ROWS = [*FORK_ROWS, *THREAD_ROWS, *LOADER_ROWS]
