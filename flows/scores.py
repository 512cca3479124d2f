"""Body of the evaluation stage: every model and baseline on every task, verdicts, a few samples.

Validation splits decide on promotion, test splits only report; both are scored here, once, because
the product is kept. Each score says whether its task was in the mixture (``exposure``).
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from flows.errors import ConfigError
from flows.read_before import FILE as READ_BEFORE
from flows.read_before import read_before
from gptcore.corpus.documents import read_documents
from tasks_to_text.evaluate import evaluate, evaluate_documents
from tasks_to_text.example import Example
from tasks_to_text.language_model import LanguageModel
from tasks_to_text.scored import IN_MIXTURE, SIBLING, UNSEEN, Item, Score
from tasks_to_text.shots import Shots, pool_split
from tasks_to_text.store import read_examples, splits_of, templates_of, write_results
from tasks_to_text.task import LM_EVAL, MAIN, Task
from tasks_to_text.verdicts import verdicts

GENERALIST = "generalist"
LANGUAGE_MODEL_ONLY = "language model only"
RANDOM_MODEL = "random model"
DOCUMENTS = "documents"
"""Name under which bits per byte on held-out documents are reported."""
SAMPLED_ANSWERS = 2
"""Written answers of each generation task that are shown to a person."""
Split = Literal["validation", "test"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationConfig:
    """What is scored and how much of it; ConfigError for what cannot be."""

    tasks: tuple[str, ...]
    """All of them, in the mixture or not."""
    mixture: tuple[str, ...]
    """Those that the model was trained on, scored here or not: they decide exposure."""
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
    """Of samples, baselines, shots and intervals."""
    templates: Literal["main", "all"] = "main"
    """Wordings that are scored: the one that stands for a task, or all, which tells how much of a
    score hangs on the wording."""
    shots: int | None = None
    """Solved examples before every prompt, for all tasks but texts; None: each task's own number,
    which is 0 unless it says otherwise."""
    threads: int = 0
    """Processor threads; 0: all cores."""

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ConfigError("evaluation.tasks=(): name at least one")
        for name in ("documents", "samples", "threads"):
            if getattr(self, name) < 0:
                raise ConfigError(f"evaluation.{name}={getattr(self, name)}: must not be negative")
        if self.shots is not None and self.shots < 0:
            raise ConfigError(f"evaluation.shots={self.shots}: must not be negative")

    def wordings(self, task: Task) -> list[str]:
        """Templates of a task that are scored; the one that writes as the harness does is no
        wording of ours."""
        if self.templates == "main":
            return [MAIN]
        return [name for name in task.templates if name != LM_EVAL]

    def shots_of(self, task: Task) -> int:
        """Solved examples before each of its prompts; a text has none to stand before."""
        if task.protocol == "text":
            return 0
        return task.few_shot if self.shots is None else self.shots


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Directories of the products that are read."""

    prompts: Path
    documents: Path | None
    """Held-out text; None: neither bits per byte nor continuations are wanted."""
    generalist: Path
    """A run: ``weights`` and ``tokenizer`` in it."""
    language_model_only: Path | None = None
    """A run trained without tasks; None: only the generalist is scored."""
    contamination: Path | None = None
    """Which items stand in the training text; None: nobody has looked."""


Found = tuple[list[Item], list[Score]]


def score(
    config: EvaluationConfig,
    tasks: Sequence[Task],
    inputs: Inputs,
    out: Path,
    progress: Callable[[int, int, str], None],
) -> dict[str, Any]:
    """Write items.parquet, results.duckdb, metrics.json, verdicts.json, samples.json and, where
    overlaps are known, contamination.json.

    A split that a task does not have is passed over. Returns the numbers of items and scores.
    """
    models = _models(config, inputs)
    items: list[Item] = []
    scores: list[Score] = []
    for found, rows in _all(config, tasks, inputs, models, progress):
        items += found
        scores += rows
    judged = verdicts(items, scores, model=GENERALIST, models=models, seed=config.seed)
    write_results(items, scores, judged, out)
    write_json([asdict(row) for row in scores], out / "metrics.json")
    write_json([asdict(row) for row in judged], out / "verdicts.json")
    if inputs.contamination is not None:
        seed = config.seed
        told = read_before(inputs.contamination, items, scores, model=GENERALIST, seed=seed)
        write_json(told, out / READ_BEFORE)
    samples = _continuations(config, inputs, models[GENERALIST]) if config.samples else []
    answers = _answers(config, tasks, inputs, items) if config.samples else []
    write_json([*samples, *answers], out / "samples.json")
    return {"items": len(items), "scores": len(scores)}


def exposure_of(task: Task, mixture: Sequence[str]) -> str:
    """What a model that was trained on a mixture has seen of a task."""
    if task.name in mixture:
        return IN_MIXTURE
    return UNSEEN if set(mixture).isdisjoint(task.siblings) else SIBLING


def _all(
    config: EvaluationConfig,
    tasks: Sequence[Task],
    inputs: Inputs,
    models: Mapping[str, LanguageModel],
    progress: Callable[[int, int, str], None],
) -> Iterator[Found]:
    """Every task, then the documents, on every split."""
    done, total = 0, len(config.splits) * (len(tasks) + 1)
    for task in tasks:
        known = splits_of(inputs.prompts, task.name)
        train = read_examples(inputs.prompts, task.name, "train") if "train" in known else []
        for split in config.splits:
            progress(done, total, f"{task.name}, {split}")
            done += 1
            if split in known:
                yield from _task(config, task, split, inputs.prompts, models, train)
    for split in config.splits:
        progress(done, total, f"{DOCUMENTS}, {split}")
        done += 1
        if texts := _sample(inputs, split, config.documents, config.seed):
            yield evaluate_documents(DOCUMENTS, texts, split=split, models=models, seed=config.seed)


def _task(
    config: EvaluationConfig,
    task: Task,
    split: Split,
    prompts: Path,
    models: Mapping[str, LanguageModel],
    train: Sequence[Example],
) -> Iterator[Found]:
    """One task on one split: all models under its main wording, the generalist under the others."""
    exposure = dict.fromkeys(models, UNSEEN)
    exposure[GENERALIST] = exposure_of(task, config.mixture)
    there = templates_of(prompts, task.name, split)
    for template in (name for name in config.wordings(task) if name in there):
        yield evaluate(
            task,
            read_examples(prompts, task.name, split, template),
            split=split,
            models=models if template == MAIN else {GENERALIST: models[GENERALIST]},
            choices_only_of=GENERALIST,
            train=train,
            exposure=exposure,
            seed=config.seed,
            template=template,
            shots=_shots(config.shots_of(task), prompts, task, split, template),
        )


def _shots(n: int, prompts: Path, task: Task, split: Split, template: str) -> Shots:
    """Solved examples in the wording that they stand before."""
    if not n:
        return Shots()
    source = pool_split(split, splits_of(prompts, task.name))
    return Shots(n=n, pool=read_examples(prompts, task.name, source, template), split=source)


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


def _sample(inputs: Inputs, split: Split, count: int, seed: int) -> list[tuple[str, str, str]]:
    """A seeded sample of held-out documents as (id, group, text), in the order of the corpus."""
    if inputs.documents is None:
        return []
    documents = list(read_documents(inputs.documents / f"{split}.parquet"))
    chosen = random.Random(seed).sample(range(len(documents)), min(count, len(documents)))
    return [(d.id, d.group, d.text) for d in (documents[i] for i in sorted(chosen))]


def _continuations(
    config: EvaluationConfig, inputs: Inputs, model: LanguageModel
) -> list[dict[str, str]]:
    """Continuations of the beginnings of held-out documents."""
    texts = _sample(inputs, config.splits[-1], config.samples, config.seed)
    prompts = [text[: config.sample_prompt].rpartition(" ")[0].rstrip() for _, _, text in texts]
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


def _answers(
    config: EvaluationConfig, tasks: Sequence[Task], inputs: Inputs, items: Sequence[Item]
) -> list[dict[str, Any]]:
    """The first answers that the model wrote to each generation task, beside their references."""
    split, shown = config.splits[-1], []
    for task in tasks:
        if task.protocol != "generation" or split not in splits_of(inputs.prompts, task.name):
            continue
        written = {
            item.example_id: item.answer
            for item in items
            if (item.task, item.split, item.model) == (task.name, split, GENERALIST)
            and item.template == MAIN
        }
        for example in read_examples(inputs.prompts, task.name, split)[:SAMPLED_ANSWERS]:
            shown.append(
                {
                    "task": task.name,
                    "prompt": example.prompt,
                    "answer": written[example.example_id],
                    "references": example.references or (example.target.strip(),),
                }
            )
    return shown


def write_json(value: Any, path: Path) -> None:
    """Write JSON for people and programs: indented, UTF-8."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
