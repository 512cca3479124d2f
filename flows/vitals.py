"""What a process and all that it started take of the machine, sampled from outside.

Names begin with ``system/``: MLflow shows them on a page of their own. The trainer itself is not
asked and runs no thread for it.
"""

import contextlib
from pathlib import Path

import psutil  # type: ignore[import-untyped]

MEGA = 1e6


class Vitals:
    """Samples of a process family and of the machine around it."""

    def __init__(self, pid: int, place: Path) -> None:
        """``place``: a directory on the disk whose room is watched."""
        self._pid, self._place = pid, place
        self._known: dict[int, psutil.Process] = {}
        self.sample()  # a share of the processor is one of the time since the sample before

    def sample(self) -> dict[str, float]:
        """Metrics by name; those of the family are missing once it has ended."""
        found = {
            "system/machine_cpu_percent": psutil.cpu_percent(),
            "system/machine_memory_percent": psutil.virtual_memory().percent,
            "system/disk_free_gigabytes": psutil.disk_usage(str(self._place)).free / 1e9,
        }
        cpu = memory = written = 0.0
        for process in self._family():
            with contextlib.suppress(psutil.Error):
                cpu += process.cpu_percent()
                memory += process.memory_info().rss / MEGA
                if hasattr(process, "io_counters"):  # not on every system
                    written += process.io_counters().write_bytes / MEGA
        if memory:
            found["system/trainer_cpu_percent"] = cpu
            found["system/trainer_memory_megabytes"] = memory
            found["system/trainer_written_megabytes"] = written
        return found

    def _family(self) -> list[psutil.Process]:
        """The process and its descendants, each the same object as at the sample before."""
        with contextlib.suppress(psutil.Error):
            first = self._known.get(self._pid) or psutil.Process(self._pid)
            alive = [first, *first.children(recursive=True)]
            self._known = {one.pid: self._known.get(one.pid, one) for one in alive}
            return list(self._known.values())
        return []
