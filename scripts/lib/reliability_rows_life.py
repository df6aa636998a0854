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
    Row("threads, 64 end at once", THREADS, "64 threads end at the same moment, with blocks of the others in their hands",
        "@threads_exit_together {scale}", short="15", long="100", tries=5, timeout=120),
    Row("threads, key destructors", THREADS, "Destructors of 200 keys allocate and free, in every round that POSIX grants",
        "test thread_key_destructors", tries=10),
    Row("threads, thread_local", THREADS,
        "Destructors of thread_local objects and of keys that are set again four times allocate and free",
        "@tls_destructors {scale}", short="20", long="300", tries=5, timeout=120),
    Row("threads, first call at exit", THREADS, "The very first malloc of a thread is in a destructor of its exit",
        "test thread_first_call_in_destructor", tries=5),
    Row("threads, loaded by another", THREADS, "A thread that is not the first loads the library, and ends",
        "@first_thread loads {lib}", tries=20, peers=False),
    Row("threads, race to be first", THREADS, "Eight threads make their first calls at the same time", "@first_thread races",
        tries=50),
    Row("threads, main leaves", THREADS, "The main thread ends by pthread_exit, the others go on", "@first_thread leaves",
        tries=20),
    Row("threads, exit while they run", THREADS, "exit() while 16 threads allocate, once for each process",
        "@exit_storm {scale}", short="40", long="1000", tries=1, timeout=300),
    Row("threads, cancel", THREADS,
        "16 threads are cancelled (deferred) while they allocate: they end at their own pthread_testcancel",
        "@cancel_storm {scale}", short="15", long="300", tries=3, timeout=120),
    Row("threads, blocks outlive them", THREADS, "Blocks of ended threads are read, resized and freed by others",
        "test thread_exit_leaves_blocks", tries=5),
    Row("threads, 10 000 come and go", THREADS, "Ten thousand threads one after the other: memory is used again",
        "test thread_many_short", tries=3),
]

LOADER_ROWS = [
    Row("early constructors", LOADER, "malloc works in .preinit_array and in the first constructor",
        "test life_constructor", tries=5),
]

ROWS = [*FORK_ROWS, *THREAD_ROWS, *LOADER_ROWS]
