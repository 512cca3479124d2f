"""A workspace with many nights in it, each of a few bytes, made by ``Workspace.product``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.champion import Decision, record
from flows.workspace import Product, Workspace

TASKS = {"package": "acc", "kind": "acc", "last_word": "perplexity"}


def make(
    workspace: Workspace, kind: str, name: str, text: str, config: Any = None, **inputs: Product
) -> Product:
    """A product that holds a text."""

    def build(out: Path) -> dict[str, Any]:
        (out / "text").write_text(text)
        return {"steps": 3, "tokens": 10}

    return workspace.product(
        kind, name, config=config or {"text": text}, inputs=inputs, entry=("gptcore.errors",),
        build=build,
    )  # fmt: skip


def make_night(
    workspace: Workspace,
    number: int,
    *,
    promoted: bool = False,
    corpus: int = 0,
    scores: Mapping[str, float] | None = None,
    champion: str = "",
    **changes: Any,
) -> Decision:
    """One night's products and its decision; nights with the same ``corpus`` share their text."""
    prompts = make(workspace, "prompts", "some", f"prompts {corpus}")
    documents = make(workspace, "documents", "some", f"documents {corpus}", prompts=prompts)
    tokenizer = make(workspace, "tokenizer", "some", f"tokenizer {corpus}", documents=documents)
    shards = make(workspace, "shards", "some", f"shards {corpus}", documents=documents)
    read = {"shards": shards, "tokenizer": tokenizer}
    run = make(workspace, "run", "some-generalist", f"run {number}", **read)
    twin = make(workspace, "run", "some-language_model_only", f"twin {number}", **read)
    evaluation = make(
        workspace, "evaluation", "some", f"scores {number}",
        prompts=prompts, documents=documents, generalist=run, language_model_only=twin,
    )  # fmt: skip
    decision = Decision(
        key=f"key {number}",
        profile="some",
        promoted=promoted,
        reason="first champion" if promoted else "not better beyond noise",
        run=f"run/{run.path.name}",
        run_digest=run.digest,
        evaluation=f"evaluation/{evaluation.path.name}",
        champion=champion,
        scores=scores or {"package": 0.5},
        date=f"2026-{1 + number // 28:02}-{1 + number % 28:02}T03:30:00+00:00",
    )
    decision = Decision(**{**decision.plain(), **changes})
    make(workspace, "report", "some", "page", {"key": decision.key}, evaluation=evaluation)
    record(workspace, decision)
    return decision
