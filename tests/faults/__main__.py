"""``python -m tests.faults [NAME …]``: faults, really caused; 1 when one does not end as it must.

Names, or parts of them, choose some. The table is printed as it grows and written to
``test-artifacts/faults.{json,md}``.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import launcher, products, servers, training, workers
from tests.faults.fault import Outcome, line, played_all, write
from tests.faults.scene import made_ground

FAULTS = (*launcher.FAULTS, *workers.FAULTS, *servers.FAULTS, *training.FAULTS, *products.FAULTS)
"""The longest first, so that the end does not wait for one of them."""
ARTIFACTS = Path(__file__).parents[2] / "test-artifacts"


def main() -> int:
    """Play the faults; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of faults; default: all")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work there and keep what failed")
    options = parser.parse_args()
    chosen = [
        fault
        for fault in FAULTS
        if not options.names or any(name in fault.name for name in options.names)
    ]
    if not chosen:
        parser.error(f"none of them is a fault: {', '.join(fault.name for fault in FAULTS)}")
    start = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - start:4.0f} s] {text}", flush=True)

    def tell(outcome: Outcome) -> None:
        say(line(outcome))

    with tempfile.TemporaryDirectory() as place:
        root = options.keep or Path(place)
        root.mkdir(parents=True, exist_ok=True)
        with made_ground(root, say) as ground:
            outcomes = played_all(chosen, ground, tell)
    write(outcomes, ARTIFACTS)
    wrong = [outcome.fault for outcome in outcomes if not outcome.ok]
    right = len(outcomes) - len(wrong)
    say(f"{right} of {len(outcomes)} as expected; table: {ARTIFACTS}/faults.md")
    if wrong:
        print(f"NOT AS EXPECTED: {', '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
