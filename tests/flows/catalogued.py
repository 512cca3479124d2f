"""An evaluated workspace with decisions and a contamination report, as a catalogue finds them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flows.champion import Decision, record
from flows.workspace import Product, Workspace
from tasks_to_text.store import read_examples
from tests.flows.evaluated import ENTRY, evaluated


def catalogued(root: Path) -> Workspace:
    """The workspace of ``evaluated``, judged twice: ``first`` is champion, ``third`` is not."""
    workspace = evaluated(root)
    (prompts,) = workspace.finished("prompts")
    workspace.product(
        "contamination",
        "small",
        config={},
        inputs={"prompts": prompts},
        entry=ENTRY,
        build=lambda out: _contamination(prompts, out),
    )
    evaluations = [one.path for one in workspace.finished("evaluation")]
    runs = {one.manifest.name: one for one in workspace.finished("run")}
    for name, evaluation, day in (("first", 0, 23), ("third", 1, 24)):
        record(
            workspace,
            Decision(
                key=name,
                profile="small",
                promoted=name == "first",
                reason="first champion" if name == "first" else "not better beyond noise",
                run=str(runs[name].path.relative_to(root)),
                run_digest=runs[name].digest,
                evaluation=str(evaluations[evaluation].relative_to(root)),
                champion="" if name == "first" else str(runs["first"].path.relative_to(root)),
                date=f"2026-11-{day}T04:00:00+01:00",
            ),
        )
    return workspace


def _contamination(prompts: Product, out: Path) -> dict[str, Any]:
    """Every third test example of ``pick`` is confirmed, and the last one too short."""
    rows = [
        {
            "task": "pick",
            "split": "test",
            "example_id": example.example_id,
            "group": example.group,
            "n_grams": 4,
            "n_found": 4 * (place % 3 == 0),
            "documents": [{"id": "train 1", "n": 4}] * (place % 3 == 0),
            "confirmed": place % 3 == 0,
            "too_short": place == 29,
            "added_later": "x",
        }
        for place, example in enumerate(read_examples(prompts.path, "pick", "test"))
    ]
    pq.write_table(pa.Table.from_pylist(rows), out / "contamination.parquet")
    return {"rows": len(rows)}
