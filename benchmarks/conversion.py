"""From a labelled dataset to prompts in DuckDB: how long a million rows take.

Generated pairs of sentences with a label, three to a premise, of about the lengths of SNLI, from
Parquet and from compressed JSON lines, in one wording; the whole of ``convert()``, each time in a
process of its own. What counts is the wall clock, so measure on a machine that does nothing else;
processor seconds and the most memory that the process ever had are told beside it. The peer of the
first is the budget, 60 s on two cores; the others have none, and stand beside 1.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.harness import compare, report
from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.kinds import pair
from tasks_to_text.source import Source
from tasks_to_text.sources import Places
from tasks_to_text.task import Task

ROWS, ROUNDS, BUDGET = 1_000_000, 3, 60.0
FORMATS = ("parquet", "jsonl.zst")
WORDS = (
    *("a", "the", "man", "woman", "dog", "child", "two", "people", "in", "on", "at", "with", "red"),
    *("blue", "green", "street", "park", "ball", "bike", "horse", "runs", "sits", "plays", "walks"),
    *("jumps", "looks", "holds", "wears", "stands", "outside", "near", "water", "grass", "city"),
    *(
        "crowd",
        "old",
        "young",
        "small",
        "large",
        "group",
        "player",
        "shirt",
        "hat",
        "table",
        "food",
    ),
    *("music", "beach", "snow", "road", "building"),
)
SPECIMEN = {"premise": "A man sings.", "hypothesis": "Nobody sings.", "label": 2}


def task(path: str) -> Task:
    """Entailment as the shipped task words it, of columns as they are."""
    return pair(
        name="pairs",
        description="Whether one sentence follows from another; generated.",
        source=Source(path=path, splits={"train": "train"}),
        first="premise",
        second="hypothesis",
        first_name="Premise",
        second_name="Hypothesis",
        label="label",
        labels={"0": "true", "1": "neither", "2": "false"},
        question="True, false or neither?",
        group="premise",
        specimens=[SPECIMEN],
    )


def records(n: int) -> Iterator[dict[str, object]]:
    """Rows of a dataset: premises of 14 words, hypotheses of 7."""
    rng = random.Random(0)
    premise = ""
    for number in range(n):
        if number % 3 == 0:
            premise = " ".join(rng.choices(WORDS, k=14)) + f" {number}."
        yield {
            "premise": premise,
            "hypothesis": " ".join(rng.choices(WORDS, k=7)) + f" {number}.",
            "label": number % 3,
        }


def write(place: Path, n: int) -> None:
    """The rows as a directory per format."""
    rows = list(records(n))
    for form in FORMATS:
        (place / form).mkdir()
    pq.write_table(pa.Table.from_pylist(rows), place / "parquet/train.parquet")
    with pa.CompressedOutputStream(str(place / "jsonl.zst/train.jsonl.zst"), "zstd") as file:
        for row in rows:
            file.write(json.dumps(row).encode() + b"\n")


def alone(place: Path, form: str) -> tuple[float, ...]:
    """Seconds, processor seconds and GB of a conversion in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.conversion", str(place), form]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return tuple(map(float, done.stdout.split()))


def once(place: Path, form: str) -> None:
    """Convert, and print what it took."""
    config = ConvertConfig(tasks=("pairs",), max_train=ROWS)
    with tempfile.TemporaryDirectory(dir=place) as out:
        start, busy = time.perf_counter(), time.process_time()
        convert(config, [task(form)], Places(project=place), Path(out))
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{seconds:.2f} {busy:.2f} {gigabytes:.3f}")


def main() -> None:
    """Measure both formats in turn."""
    found: dict[str, list[tuple[float, ...]]] = {form: [] for form in FORMATS}
    with tempfile.TemporaryDirectory() as place:
        write(Path(place), ROWS)
        for number in range(ROUNDS):
            for form in FORMATS:
                found[form].append(alone(Path(place), form))
            print(f"  round {number + 1} of {ROUNDS}", file=sys.stderr, flush=True)
    claims = []
    for form in FORMATS:
        seconds, busy, gigabytes = ([*column] for column in zip(*found[form], strict=True))
        claim = f"{ROWS:,} rows of .{form} to prompts in DuckDB"
        budget = [BUDGET] * ROUNDS
        claims.append(compare(f"{claim}, s v. budget", seconds, budget, goal=1.0, small=True))
        claims.append(compare(f"{claim}, processor seconds", busy, [1.0] * ROUNDS))
        claims.append(compare(f"{claim}, peak memory in GB", gigabytes, [1.0] * ROUNDS))
    report(__file__, claims)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        once(Path(sys.argv[1]), sys.argv[2])
    else:
        main()
