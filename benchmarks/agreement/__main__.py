"""``python -m benchmarks.agreement``, or ``make agree``: prints the table; exit code 1 when
something does not hold.

On rows written by us; where ``GENERALIST_DATA`` names a mirror of the published data, on the first
``PUBLISHED`` rows of each task too.
"""

import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks.agreement.agree import agree, show
from benchmarks.agreement.suites import published, suites

PUBLISHED = 100


def main() -> int:
    compared = []
    given = {"rows written here": suites()}
    if data := os.environ.get("GENERALIST_DATA"):
        given[f"the first {PUBLISHED} published rows"] = published(Path(data), PUBLISHED)
    console = Console(width=110)
    for about, some in given.items():
        with tempfile.TemporaryDirectory() as directory:
            found = agree(some, Path(directory))
        console.print(f"[bold]{about}[/]")
        show(console, found)
        compared += found
    return int(any(one.problems for one in compared))


if __name__ == "__main__":
    sys.exit(main())
