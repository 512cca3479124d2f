"""Two small models with random weights, evaluated on one task of each protocol, as products."""

import json
import random
from pathlib import Path
from typing import Any

from flows.scores import EvaluationConfig, Inputs, score
from flows.workspace import Product, Workspace, plain
from gptcore.checkpoint import save_weights
from gptcore.config import ModelConfig, TokenizerConfig
from gptcore.corpus.documents import Document, write_documents
from gptcore.model import GPT
from gptcore.tokenizer import train_tokenizer
from tasks_to_text.example import Example
from tasks_to_text.source import Source
from tasks_to_text.store import Converted, write_prompts
from tasks_to_text.task import Row, Task
from tests.gptcore.conftest import texts

MODEL = ModelConfig(vocab_size=512, context_length=64, n_layer=1, n_head=2, n_embd=16)
WORDS = ["river", "house", "table", "stone", "water", "light", "paper", "green", "round", "small"]
ENTRY = ("gptcore.manifest",)


def _example(row: Row) -> Example:
    return Example(**row)


def task(name: str, protocol: Any, *metrics: str, **more: Any) -> Task:
    """A task whose examples are written directly."""
    return Task(
        name=name,
        description="d",
        kind=protocol,
        source=Source(path="x"),
        columns=(),
        rows=lambda records, split: iter(records),
        keys=lambda row: (),
        template=_example,
        specimens=({"example_id": "s", "group": "s", "prompt": "", "target": " t"},),
        protocol=protocol,
        metrics=metrics,
        **more,
    )


TASKS = (
    task("pick", "choice", "acc", "acc_norm"),
    task("write", "generation", "chrf", "bleu", max_tokens=6),
    task("finish", "last_word", "acc", "perplexity", baselines={"river": lambda one: "river"}),
    task("read", "text", "word_perplexity", "bits_per_byte"),
)


def _examples(name: str, split: str, n: int) -> list[Example]:
    rng = random.Random(f"{name} {split}")
    found = []
    for i in range(n):
        words = rng.choices(WORDS, k=9)
        choices = tuple(f" {word}" for word in rng.sample(WORDS, 3)) if name == "pick" else ()
        gold = rng.randrange(3) if choices else -1
        found.append(
            Example(
                example_id=f"{name} {split} {i}",
                group=f"g{i // 3}",
                prompt="" if name == "read" else " ".join(words[:-1]),
                target=choices[gold] if choices else f" {words[-1]}",
                choices=choices,
                gold=gold,
            )
        )
    return found


def prompts(out: Path) -> dict[str, Any]:
    """``read`` has no training split and ``write`` no validation split."""
    sizes = {"train": 20, "validation": 12, "test": 30}
    absent = {("read", "train"), ("write", "validation")}
    converted = [
        Converted(
            task=one,
            source_name="x",
            licence="MIT" if one.name == "pick" else "",
            revision="",
            examples={
                split: _examples(one.name, split, n)  # type: ignore[misc]
                for split, n in sizes.items()
                if (one.name, split) not in absent
            },
            n_records={"train": 40, "validation": 12, "test": 30},
        )
        for one in TASKS
    ]
    write_prompts(converted, out)
    return {}


def _documents(out: Path) -> dict[str, Any]:
    rng = random.Random(4)
    for split in ("train", "validation", "test"):
        rows = [
            Document(
                id=f"{split} {i}",
                text=" ".join(rng.choices(WORDS, k=60)),
                source="s",
                version="1",
                licence="MIT",
                group=f"{split} {i}",
            )
            for i in range(6)
        ]
        write_documents(rows, out / f"{split}.parquet")
    return {}


def make_run(seed: int, tokenizer: Path, out: Path) -> dict[str, Any]:
    """A run directory with random weights."""
    save_weights(out / "weights", MODEL, GPT(MODEL).initialize(seed).state_dict())
    (out / "tokenizer").symlink_to(tokenizer)
    rows = [
        {"step": step, "tokens": 100 * step, "train/loss": 6 - step - seed / 10} for step in (1, 2)
    ]
    rows.append({"step": 2, "tokens": 200, "validation/loss": 4.5 - seed / 10})
    (out / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {}


def make_tokenizer(out: Path) -> dict[str, Any]:
    """A small vocabulary."""
    return train_tokenizer(TokenizerConfig(vocab_size=MODEL.vocab_size), texts(400, 1), out)


def evaluated(root: Path) -> Workspace:
    """Runs ``first``, its twin ``second`` and a ``third``; evaluations of first and third."""
    workspace = Workspace(root, minimum_free=0)

    def make(kind: str, name: str, build: Any, **inputs: Product) -> Product:
        return workspace.product(
            kind, name, config={"name": name}, inputs=inputs, entry=ENTRY, build=build
        )

    shared = {
        "prompts": make("prompts", "small", prompts),
        "documents": make("documents", "small", _documents),
    }
    tokenizer = make("tokenizer", "small", make_tokenizer)
    runs = [
        make("run", name, lambda out, seed=seed: make_run(seed, tokenizer.path, out))
        for seed, name in enumerate(("first", "second", "third"))
    ]
    evaluate(workspace, {**shared, "generalist": runs[0], "language_model_only": runs[1]})
    evaluate(workspace, {**shared, "generalist": runs[2]}, splits=("test",), samples=0)
    return workspace


def evaluate(workspace: Workspace, inputs: dict[str, Product], **changes: Any) -> Product:
    """Score the runs as the evaluation stage does."""
    given = {"mixture": ("pick", "write"), "documents": 4, "threads": 1, "sample_tokens": 8}
    config = EvaluationConfig(tasks=tuple(one.name for one in TASKS), **{**given, **changes})
    places = Inputs(**{role: product.path for role, product in inputs.items()})
    return workspace.product(
        "evaluation",
        "small",
        config=plain(config),
        inputs=inputs,
        entry=ENTRY,
        build=lambda out: score(config, TASKS, places, out, lambda done, total, what: None),
        content=("items.parquet", "metrics.json", "verdicts.json", "samples.json"),
    )
