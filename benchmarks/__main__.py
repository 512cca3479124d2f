"""``python -m benchmarks [NAME …]``: run the benchmarks, each in a process of its own.

Prints all tables at the end. ``gpu`` is passed over where there is no accelerator. A benchmark
that fails is named and the others run all the same; the exit code is then 1.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.harness import OUT, table

HERE = Path(__file__).parent
_NO_CLAIM = {"__init__", "__main__", "harness", "machine", "nanogpt", "peers", "texts"}
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def names() -> list[str]:
    """Files that hold claims."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in _NO_CLAIM)


def main(wanted: list[str]) -> int:
    """Run what is wanted (all, if nothing is named); returns the exit code."""
    if unknown := sorted(set(wanted) - set(names())):
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(names())}", file=sys.stderr)
        return 2
    failed = []
    for name in wanted or names():
        print(f"## {name}", file=sys.stderr, flush=True)
        (OUT / f"{name}.json").unlink(missing_ok=True)  # what is printed was measured now
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        done = subprocess.run(
            command, cwd=HERE.parent, env={**os.environ, **_ONE_THREAD}, stdout=subprocess.DEVNULL
        )
        if done.returncode:
            failed.append(name)
    for name in wanted or names():
        path = OUT / f"{name}.json"
        if name not in failed and path.exists():
            print(f"\n## {name}\n\n{table(json.loads(path.read_text()))}")
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
