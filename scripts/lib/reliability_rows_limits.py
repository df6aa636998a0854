"""Rows of scripts/reliability: giving back, limits and faults."""

from lib.reliability_row import GIVING_BACK, LIMITS, Row

ROWS = [
    Row("limits of every size", LIMITS,
        "Under an address limit of 400 MiB blocks of every size end in NULL and ENOMEM, and can be had again after free",
        "test oom_limit::", tries=3, timeout=300),
    Row("limits, size after size", LIMITS, "What blocks of one size gave back under a limit serves those of another",
        "test oom_limit_phases", tries=3, timeout=120),
    Row("limits, four threads", LIMITS, "Four threads run into a limit of 1 GiB together, twenty times: NULL and ENOMEM",
        "test oom_threads", tries=5, timeout=120),
    Row("malloc_trim gives back", GIVING_BACK, "malloc_trim gives free memory back at once", "test malloc_trim", tries=5),
]
