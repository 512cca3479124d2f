"""How many processor cores a process may use; apart from torch, so that a flow can ask quickly."""

import os


def usable_cores() -> int:
    """Cores this process may run on; all of the machine's where the system cannot say (macOS)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
