"""A mirror of five published tasks, and a workspace with a judged run that was trained on one."""

import json
import random
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flows.champion import Decision, record
from flows.workspace import Product, Workspace
from gptcore.shards import encode_documents
from gptcore.tokenizer import load_tokenizer
from tests.flows.evaluated import ENTRY, MODEL, make_run, make_tokenizer
from tests.gptcore.conftest import WORDS

PROFILE = "tiny"
PLANTED = 7
"""Number of the row of ``lambada`` that stands in the corpus."""
SIZES: Mapping[str, Mapping[str, int]] = {
    "sst2": {"train": 24, "validation": 6, "test": 20},
    "sst5": {"train": 25, "validation": 5, "test": 20},
    "lambada": {"test": 18},
    "hellaswag": {"validation": 16},
    "wikitext2": {"validation": 2, "test": 3},
}
"""Task → file → rows."""


def words(n: int, *seed: Any) -> str:
    """Words of the tokenizer's training text, the same for the same seed."""
    return " ".join(random.Random(" ".join(map(str, seed))).choices(WORDS, k=n))


def row(task: str, split: str, i: int) -> dict[str, Any]:
    """One row as it is published."""
    own = words(30, task, split, i)
    if task == "sst2":
        return {"idx": i, "sentence": own, "label": i % 2}
    if task == "sst5":
        return {"text": f"{own} .", "label": i % 5, "label_text": "not read"}
    if task == "lambada":
        return {"text": own}
    if task == "wikitext2":
        return {"text": f" = Page {i} = \n \n {own} @-@ <unk> , and {own} . \n \n"}
    context, then = own.split(" ")[:20], own.split(" ")[20:]
    return {
        "ind": i,
        "activity_label": "Sorting rows",
        "ctx_a": f"{' '.join(context).capitalize()}.",
        "ctx_b": "the array",
        "ctx": f"{' '.join(context).capitalize()}. the array",
        "endings": [f"{' '.join(then)} {choice}." for choice in ("a", "b", "c", "d")],
        "label": str(i % 4),
    }


def write_mirror(place: Path) -> Path:
    """``tasks/<name>/<split>.jsonl`` below a directory."""
    for task, files in SIZES.items():
        folder = place / "tasks" / task
        folder.mkdir(parents=True)
        for split, n in files.items():
            rows = "".join(json.dumps(row(task, split, i)) + "\n" for i in range(n))
            (folder / f"{split}.jsonl").write_text(rows, encoding="utf-8")
    return place


def _shards(tokenizer: Path, out: Path) -> dict[str, Any]:
    """Two streams; amid a document of the corpus stands what a passage of ``lambada`` says."""
    corpus = [words(60, "corpus", i) for i in range(12)]
    planted = row("lambada", "test", PLANTED)["text"].upper()
    corpus[5] = f"{words(20, 'before')}. {planted}; {words(20, 'behind')}."
    rows = [f"{row('sst2', 'train', i)['sentence']}\nSentiment: negative" for i in range(24)]
    model = load_tokenizer(tokenizer)
    for name, texts in (("corpus", corpus), ("sst2", rows)):
        encode_documents(model, texts, out, split="train", name=name)
    return {}


def judged(root: Path, *streams: str) -> tuple[Workspace, Decision]:
    """Shards, a run trained on the streams, its twin, and a decision that made it champion."""
    workspace = Workspace(root, minimum_free=0)

    def make(kind: str, name: str, build: Any, config: Any = None, **inputs: Product) -> Product:
        return workspace.product(
            kind,
            f"{PROFILE}-{name}",
            config=config or {},
            inputs=inputs,
            entry=ENTRY,
            build=build,
        )

    tokenizer = make("tokenizer", "pieces", make_tokenizer)
    shards = make("shards", "ids", lambda out: _shards(tokenizer.path, out), tokenizer=tokenizer)

    def run(seed: int, name: str, *read: str) -> Product:
        mixture = [{"name": stream, "rate": 1 / len(read)} for stream in read]
        config = {"model": asdict(MODEL), "train": {"mixture": mixture, "seed": seed}}

        def build(out: Path) -> dict[str, Any]:
            make_run(seed, tokenizer.path, out)
            return {"parameters": 12_345, "tokens": 6_789}

        return make("run", name, build, config, tokenizer=tokenizer, shards=shards)

    runs = {
        "generalist": run(0, "generalist", *streams),
        "language_model_only": run(1, "language-model-only", "corpus"),
    }
    evaluation = make("evaluation", "night", lambda out: {}, **runs)
    decision = Decision(
        key="0123456789abcdef",
        profile=PROFILE,
        promoted=True,
        reason="first champion",
        run=str(runs["generalist"].path.relative_to(root)),
        run_digest=runs["generalist"].digest,
        evaluation=str(evaluation.path.relative_to(root)),
    )
    record(workspace, decision)
    return workspace, decision
