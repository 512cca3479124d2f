"""What the evaluator costs beside the model that it asks, at 10M parameters in fp32.

The time of ``evaluate`` without the time within the model's methods, over the latter: answers,
probabilities, baselines (bag of words is trained on as many rows as are scored), items, and the
cluster bootstrap of every metric with every item a group of its own, which is the dearest case. One
model is scored, so all of the baselines are set against it alone. Processor seconds of one thread.

Texts are cut from the documentation of the installed packages, in the lengths of HellaSwag (four
endings) and of a classification (four labels). A claim also names the evaluator's own seconds for
10,000 items, with a model that answers from memory.
"""

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks import harness, peers
from benchmarks.texts import documents_of
from gptcore.config import TokenizerConfig
from gptcore.scoring import Scorer
from gptcore.tokenizer import Tokenizer, load_tokenizer, train_tokenizer
from tasks_to_text import metrics
from tasks_to_text.evaluate import evaluate
from tasks_to_text.example import Example
from tasks_to_text.source import Source
from tasks_to_text.task import Task

VOCABULARY = 8192
GOAL = 0.05
ITEMS = {"HellaSwag-like": 32, "classification": 128}
"""Scored in a round."""
FULL = 10_000
LABELS = (" array", " boolean", " integer", " text")
METRICS = {
    "HellaSwag-like": ("acc_norm", "acc", "acc_bytes", "acc_token", "acc_pmi", "brier", "ece"),
    "classification": ("acc", "mcc", "f1_label", "brier", "ece"),
}


class Clocked:
    """A model whose methods are timed."""

    def __init__(self, model: Any) -> None:
        self._model, self.seconds = model, 0.0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._model, name)

        def timed(*args: Any, **settings: Any) -> Any:
            start = time.process_time()
            try:
                return method(*args, **settings)
            finally:
                self.seconds += time.process_time() - start

        return timed


class Remembered:
    """Answers from memory: what is left is the evaluator's own time."""

    def __init__(self, model: Scorer) -> None:
        (self._answer,) = model.loglikelihood([("the", " value")])

    def fits(self, requests: Sequence[tuple[str, str]]) -> list[bool]:
        """All do."""
        return [True] * len(requests)

    def loglikelihood(self, requests: Sequence[tuple[str, str]]) -> list[Any]:
        """The same of each."""
        return [self._answer] * len(requests)


def main() -> None:
    torch.set_num_threads(1)
    words = " ".join(documents_of(4_000_000)).split()
    with tempfile.TemporaryDirectory() as out:
        tokenizer = _tokenizer(words, Path(out))
    scorer = Scorer(peers.small_model(VOCABULARY), tokenizer, threads=1)
    harness.report(__file__, [_claim(kind, words, scorer) for kind in ITEMS])


def _tokenizer(words: Sequence[str], out: Path) -> Tokenizer:
    texts = [" ".join(words[i : i + 100]) for i in range(0, len(words), 100)]
    train_tokenizer(TokenizerConfig(vocab_size=VOCABULARY), texts, out)
    return load_tokenizer(out)


def _claim(kind: str, words: Sequence[str], scorer: Scorer) -> harness.Claim:
    task, examples = _task(kind), _examples(kind, words, ITEMS[kind])
    own, models = [], []
    for number in range(harness.ROUNDS + 1):
        total, within = _evaluate(task, examples, scorer)
        if number:
            own.append((total - within) / len(examples))
            models.append(within / len(examples))
    full = _examples(kind, words, FULL)
    total, within = _evaluate(task, full, Remembered(scorer))
    return harness.compare(
        f"evaluator's own time v. the model's, {kind} (10M, fp32, {len(task.metrics)} metrics, "
        f"s per item; {FULL:,} items take {total - within:.1f} s)",
        own,
        models,
        goal=GOAL,
        small=True,
    )


def _evaluate(task: Task, examples: Sequence[Example], model: Any) -> tuple[float, float]:
    """Seconds in all, and within the model."""
    clocked = Clocked(model)
    metrics._kept_counts.cache_clear()  # every round draws its groups
    start = time.process_time()
    evaluate(
        task,
        examples,
        split="test",
        models={"model": clocked},
        choices_only_of="model",
        train=examples,
        exposure={"model": "unseen"},
        seed=0,
    )
    return time.process_time() - start, clocked.seconds


def _task(kind: str) -> Task:
    return Task(
        name="drawn",
        description=kind,
        kind=kind,
        source=Source(path="drawn"),
        columns=(),
        rows=lambda records, split: iter(records),
        keys=lambda row: (),
        template=lambda row: Example(**row),
        specimens=({"example_id": "s", "group": "s", "prompt": "", "target": " t"},),
        metrics=METRICS[kind],
        closed=kind == "classification",
    )


def _examples(kind: str, words: Sequence[str], n: int) -> list[Example]:
    """60 … 90 words with endings of 12 … 20, or 25 … 60 words with a label."""
    rng = random.Random(kind)

    def cut(low: int, high: int) -> str:
        start = rng.randrange(len(words) - high)
        return " ".join(words[start : start + rng.randint(low, high)])

    found = []
    for i in range(n):
        prompt = cut(60, 90) if kind == "HellaSwag-like" else cut(25, 60) + " Type:"
        choices = LABELS
        if kind == "HellaSwag-like":
            choices = tuple(f" {cut(12, 20)} {place}" for place in "abcd")
        gold = rng.randrange(4)
        found.append(
            Example(
                example_id=f"e{i}",
                group=f"g{i}",
                prompt=prompt,
                target=choices[gold],
                choices=choices,
                gold=gold,
                segments=(prompt,),
            )
        )
    return found


if __name__ == "__main__":
    main()
