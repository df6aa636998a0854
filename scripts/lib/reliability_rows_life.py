"""Rows of scripts/reliability: fork, threads, start and end, the loader."""

from lib.reliability_row import FORK, LOADER, THREADS, Row

FORK_ROWS = [
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
