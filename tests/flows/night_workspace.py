"""A workspace with the products of one night, small and without a trained model."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flows.champion import Decision, record
from flows.workspace import Product, Workspace
from gptcore.corpus.documents import Document, write_documents
from tests.flows.night import SAMPLES, losses, manifests, many_scores, many_verdicts

EVIL = "<script>alert('corpus')</script>"
"""What a hostile corpus, task or model may say."""


def make_night(root: Path, **changes: Any) -> tuple[Workspace, Decision]:
    """Products whose manifests name one another by digest, and the decision about them."""
    workspace = Workspace(root, minimum_free=0)
    told = manifests()

    def product(kind: str, role: str, files: Mapping[str, str], **inputs: Product) -> Product:
        def build(out: Path) -> dict[str, Any]:
            for name, text in files.items():
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (out / name).write_text(text, encoding="utf-8")
            if role == "documents":
                _write_documents(out)
            return dict(told[role].counts) if role in told else {}

        config = {**(told[role].config if role in told else {}), "role": role}
        name = f"some-{role}" if kind == "run" else "some"
        return workspace.product(
            kind, name, config=config, inputs=inputs, entry=("gptcore.errors",), build=build
        )

    prompts = product("prompts", "prompts", {"examples.txt": "examples"})
    documents = product("documents", "documents", {}, prompts=prompts)
    tokenizer = product("tokenizer", "tokenizer", {"tokenizer.model": "pieces"})
    runs = {
        role: product(
            "run", role, {"metrics.jsonl": _metrics(seed), "w": role}, tokenizer=tokenizer
        )
        for seed, role in enumerate(("generalist", "language_model_only"))
    }
    written = {
        "metrics.json": json.dumps(many_scores()),
        "verdicts.json": json.dumps(many_verdicts()),
        "samples.json": json.dumps(SAMPLES),
    }
    evaluation = product(
        "evaluation", "evaluation", written, prompts=prompts, documents=documents, **runs
    )
    decision = Decision(
        key="0123456789abcdef",
        profile="some",
        promoted=True,
        reason="first champion",
        run=str(runs["generalist"].path.relative_to(root)),
        run_digest=runs["generalist"].digest,
        evaluation=str(evaluation.path.relative_to(root)),
        date="2026-11-23T03:41:07+00:00",
    )
    decision = Decision(**{**asdict(decision), **changes})
    record(workspace, decision)
    return workspace, decision


def _write_documents(out: Path) -> None:
    rows = [
        Document(id=name, text="text", source=name, version="2.1", licence=licence, group=name)
        for name, licence in (("torch", "BSD-3-Clause"), ("scipy", EVIL))
    ]
    for split in ("train", "validation", "test"):
        write_documents(rows, out / f"{split}.parquet")


def _metrics(seed: int) -> str:
    return "".join(json.dumps(row) + "\n" for row in losses(200_000, 2.3, seed))
