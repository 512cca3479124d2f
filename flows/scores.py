"""Body of the evaluation stage: every model and baseline on every task, and a few samples.

Validation splits decide on promotion, test splits only report; both are scored here, once, because
the product is kept. Each score says whether its task was in the mixture (``exposure``).
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from flows.errors import ConfigError
from gptcore.corpus.documents import read_documents
from tasks_to_text import registry
from tasks_to_text.evaluate import (
    IN_MIXTURE,
    UNSEEN,
    Item,
    LanguageModel,
    Score,
    evaluate_choices,
    evaluate_text,
)
from tasks_to_text.store import read_examples, write_items

GENERALIST = "generalist"
LANGUAGE_MODEL_ONLY = "language model only"
RANDOM_MODEL = "random model"
DOCUMENTS = "documents"
"""Name under which bits per byte on held-out documents are reported."""
Split = Literal["validation", "test"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationConfig:
    """What is scored and how much of it."""

    tasks: tuple[str, ...]
    """All of them, in the mixture or not."""
    mixture: tuple[str, ...]
    """Those that the model was trained on: it decides the exposure of a score."""
    splits: tuple[Split, ...] = ("validation", "test")
    documents: int = 200
    """Held-out documents per split for bits per byte, a seeded sample; 0: none."""
    samples: int = 3
    """Continuations shown to a person."""
    sample_tokens: int = 60
    """Tokens of a continuation, at most."""
    sample_prompt: int = 200
    """Characters of a held-out document that a continuation goes on from."""
    temperature: float = 0.8
    """Of the continuations."""
    seed: int = 0
    """Of samples, baselines and intervals."""
    threads: int = 0
    """Processor threads; 0: all cores."""

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ConfigError("evaluation.tasks=(): name at least one")
        if missing := sorted(set(self.mixture) - set(self.tasks)):
            raise ConfigError(f"evaluation.mixture={missing}: must be among tasks={self.tasks}")
        for name in ("documents", "samples", "threads"):
            if getattr(self, name) < 0:
                raise ConfigError(f"evaluation.{name}={getattr(self, name)}: must not be negative")


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Directories of the products that are read."""

    prompts: Path
    documents: Path
    generalist: Path
    """A run: ``weights`` and ``tokenizer`` in it."""
    language_model_only: Path | None = None
    """A run trained without tasks; None: only the generalist is scored."""


def score(
    config: EvaluationConfig,
    inputs: Inputs,
    out: Path,
    progress: Callable[[int, int, str], None],
) -> dict[str, Any]:
    """Write items.parquet, metrics.json and samples.json; returns the number of items per task."""
    models = _models(config, inputs)
    items: list[Item] = []
    scores: list[Score] = []
    work = [(split, task) for split in config.splits for task in (*config.tasks, DOCUMENTS)]
    for done, (split, task) in enumerate(work):
        progress(done, len(work), f"{task}, {split}")
        judge = _documents if task == DOCUMENTS else _task
        found, rows = judge(config, inputs, models, split, task)
        items += found
        scores += rows
    write_items(items, out / "items.parquet")
    write_json([asdict(row) for row in scores], out / "metrics.json")
    write_json(_samples(config, inputs, models[GENERALIST]), out / "samples.json")
    return {"items": len(items), "scores": len(scores)}


def _models(config: EvaluationConfig, inputs: Inputs) -> dict[str, LanguageModel]:
    from gptcore.checkpoint import load_weights
    from gptcore.scoring import Scorer

    def load(run: Path) -> Scorer:
        return Scorer.load(run / "weights", run / "tokenizer", threads=config.threads)

    models: dict[str, LanguageModel] = {GENERALIST: load(inputs.generalist)}
    if inputs.language_model_only is not None:
        shape, _ = load_weights(inputs.generalist / "weights")
        tokenizer = inputs.generalist / "tokenizer"
        models[LANGUAGE_MODEL_ONLY] = load(inputs.language_model_only)
        models[RANDOM_MODEL] = Scorer.untrained(
            shape, tokenizer, seed=config.seed, threads=config.threads
        )
    return models


def _task(
    config: EvaluationConfig,
    inputs: Inputs,
    models: Mapping[str, LanguageModel],
    split: Split,
    task: str,
) -> tuple[list[Item], list[Score]]:
    return evaluate_choices(
        registry.get(task),
        read_examples(inputs.prompts, task, split),
        split=split,
        models=models,
        choices_only_of=GENERALIST,
        train=read_examples(inputs.prompts, task, "train"),
        exposure={
            **dict.fromkeys(models, UNSEEN),
            GENERALIST: IN_MIXTURE if task in config.mixture else UNSEEN,
        },
        seed=config.seed,
    )


def _documents(
    config: EvaluationConfig,
    inputs: Inputs,
    models: Mapping[str, LanguageModel],
    split: Split,
    task: str,
) -> tuple[list[Item], list[Score]]:
    texts = _sample(inputs, split, config.documents, config.seed)
    if not texts:
        return [], []
    return evaluate_text(task, texts, split=split, models=models, seed=config.seed)


def _sample(inputs: Inputs, split: Split, count: int, seed: int) -> list[tuple[str, str, str]]:
    """A seeded sample of held-out documents as (id, group, text), in the order of the corpus."""
    documents = list(read_documents(inputs.documents / f"{split}.parquet"))
    chosen = random.Random(seed).sample(range(len(documents)), min(count, len(documents)))
    return [(d.id, d.group, d.text) for d in (documents[i] for i in sorted(chosen))]


def _samples(
    config: EvaluationConfig, inputs: Inputs, model: LanguageModel
) -> list[dict[str, str]]:
    """Continuations of the beginnings of held-out documents."""
    texts = _sample(inputs, config.splits[-1], config.samples, config.seed)
    prompts = [text[: config.sample_prompt].rsplit(maxsplit=1)[0] for _, _, text in texts]
    if not prompts:
        return []
    continuations = model.generate(
        prompts,
        stop=(),
        max_tokens=config.sample_tokens,
        temperature=config.temperature,
        seed=config.seed,
    )
    names = [document for document, _, _ in texts]
    return [
        {"document": name, "prompt": prompt, "continuation": continuation}
        for name, prompt, continuation in zip(names, prompts, continuations, strict=True)
    ]


def write_json(value: Any, path: Path) -> None:
    """Write JSON for people and programs: indented, UTF-8."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
