"""What a task is: where its rows come from, how a row reads as text, and how it is scored.

One definition serves pre-training text, fine-tuning input and evaluation alike, so a score can
never be about another wording than the one that was trained on.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tasks_to_text.errors import ConfigError
from tasks_to_text.example import Example
from tasks_to_text.metric import METRICS
from tasks_to_text.source import Source

MAIN = "main"
"""Name of a task's first template."""
LM_EVAL = "lm_eval"
"""Name of the template that writes a task exactly as lm-evaluation-harness does, quirks included:
there to compare with it, never trained on and no part of a task's spread."""

Row = Mapping[str, Any]
"""One raw record of a labelled dataset. A labelled row, as ``Task.rows`` makes it, has at least
``id`` (unique within task and split) and ``group`` (what must not be split), both str."""

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """A record that cannot become a labelled row: counted by reason, never scored."""

    reason: str
    """A few words, the same for all of its kind: ``label out of range``."""
    where: str
    """Which record, for a person: its id or place."""


Template = Callable[[Row], Example]
"""A pure function row → Example; the wording of the task."""

Protocol = Literal["choice", "last_word", "generation", "text"]
"""How a task is scored: ``choice`` ranks ``choices`` by log-likelihood; ``last_word`` asks whether
``target`` is what greedy decoding gives, and for its log-likelihood; ``generation`` compares greedy
text with ``references``; ``text`` is the log-likelihood of the whole ``target``, rolling."""

_BY_PROTOCOL: Mapping[str, frozenset[str]] = {
    "choice": frozenset(
        {
            *("acc", "acc_norm", "acc_bytes", "acc_token", "acc_pmi", "brier", "ece"),
            *("mcc", "f1_label", "pearson", "spearman"),
        }
    ),
    "last_word": frozenset(
        {"acc", "acc_stop_words", "acc_last_token", "perplexity", "perplexity_last_token"}
    ),
    "generation": frozenset(
        {
            *("exact_match", "literal_match", "number_match", "f1"),
            *("rouge_l", "rouge_1", "rouge_2", "bleu", "chrf"),
        }
    ),
    "text": frozenset({"bits_per_byte", "word_perplexity", "byte_perplexity"}),
}
_CLOSED = ("mcc", "f1_label")
"""Metrics of labels: they need the same choices everywhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """An NLP task. Raises ConfigError when it cannot be scored or hashed."""

    name: str
    """Lower case with underscores; the key in tables, metrics (``eval/<name>/acc``) and paths."""
    description: str
    """One sentence for a person: what is asked, where the gold answer comes from."""
    kind: str
    """The NLP kind, for people: classification, pair, multiple choice, reading comprehension …"""
    source: Source
    """Where its records are."""
    columns: tuple[str, ...]
    """Columns that the records of the source must have."""
    rows: Callable[[Iterable[Row], Split], Iterator[Row | Rejected]]
    """Records of the source, one split → every labelled row they hold (a pure function); which of
    them become examples is decided by ``tasks_to_text.selection``."""
    keys: Callable[[Row], tuple[str, ...]]
    """What a labelled row must not share with a row of another split, nor twice within its own."""
    template: Template
    """Labelled row → Example: the wording that stands for the task (``main``)."""
    wordings: Mapping[str, Template] = field(default_factory=dict)
    """Other templates of the same question, by name."""
    specimens: tuple[Row, ...]
    """Fixed labelled rows: the template's version is the hash of what it makes of them."""
    protocol: Protocol = "choice"
    metrics: tuple[str, ...] = ("acc",)
    """Names in ``tasks_to_text.metric.METRICS``, the headline first."""
    unseen: bool = False
    """True: no shipped mixture may hold it, so that its score is zero-shot."""
    siblings: tuple[str, ...] = ()
    """Names of tasks that have rows, or sentences of rows, in common with this one: for a model
    that has learned from one of them this task is not new."""
    closed: bool = False
    """True: the choices are labels of a small closed set; False: free text of their own."""
    symmetric: bool = False
    """Whether its two segments can be exchanged: GPT-1 reads them in both orders (§3.3)."""
    few_shot: int = 0
    """Solved examples shown before every prompt, as GPT-2 did for translation and questions."""
    label: Callable[[Row], str] | None = None
    """The label that evaluation splits hold equally many rows of; None: nothing to balance."""
    labels: tuple[str, ...] = ()
    """The labels where they are fixed: all are kept; (): those that a split has enough rows of."""
    distract: Callable[[Sequence[Row]], Sequence[Row]] | None = None
    """Selected rows of a split → the same rows with distractors, drawn from gold answers of those
    very rows, so that a constant ranking of the answers wins nothing; rows that there are too few
    distractors for are left out. None: none are needed."""
    baselines: Mapping[str, Callable[[Example], str]] = field(default_factory=dict)
    """For all protocols but text: name → the answer that a rule gives without a model, such as
    ``lead`` (the first sentence) or ``copy`` (the source text); for choice one of the choices, word
    for word."""
    stop: tuple[str, ...] = ("\n",)
    """For generation: text ends before the first of these."""
    max_tokens: int = 32
    """For generation: tokens of an answer, at most."""
    top_k: int = 0
    """For generation: draw from the so many likeliest tokens; 0: greedy."""
    sentences: int = 0
    """For generation: the first so many sentences of what is written count; 0: all."""

    def __post_init__(self) -> None:
        if not self.name.replace("_", "").isalnum() or self.name != self.name.lower():
            raise ConfigError(f"task name={self.name!r}: use lower-case words joined by '_'")
        if not self.specimens:
            raise ConfigError(f"task {self.name!r} has no specimens: its template has no version")
        if MAIN in self.wordings:
            raise ConfigError(f"task {self.name!r}: wordings={MAIN!r} is its template's name")
        allowed = _BY_PROTOCOL[self.protocol]
        if not self.metrics or not set(self.metrics) <= allowed:
            raise ConfigError(
                f"task {self.name!r}: metrics={self.metrics}; {self.protocol!r} is scored by "
                f"{', '.join(sorted(allowed))}"
            )
        if not self.closed and (open_ := [name for name in _CLOSED if name in self.metrics]):
            raise ConfigError(
                f"task {self.name!r}: metrics={tuple(open_)} are of labels: they need closed=True"
            )
        for name in ("few_shot", "top_k", "sentences"):
            if getattr(self, name) < 0:
                raise ConfigError(
                    f"task {self.name!r}: {name}={getattr(self, name)}: must not be negative"
                )
        if self.protocol == "generation" and (self.max_tokens < 1 or not all(self.stop)):
            raise ConfigError(
                f"task {self.name!r}: max_tokens={self.max_tokens}, stop={self.stop}: allow at "
                "least one token, and no empty stop text"
            )
        if self.top_k < 0 or self.sentences < 0:
            raise ConfigError(
                f"task {self.name!r}: top_k={self.top_k}, sentences={self.sentences}: give 0 or "
                "more; 0 is greedy, and all sentences"
            )

    @property
    def headline(self) -> str:
        """The metric that stands for the task in tables, plots and the gate."""
        return self.metrics[0]

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger headline value is a better one."""
        return METRICS[self.headline].higher_is_better

    @property
    def templates(self) -> dict[str, Template]:
        """Every template by its name, ``main`` first."""
        return {MAIN: self.template, **self.wordings}

    @property
    def template_hash(self) -> str:
        """The version of the main template."""
        return self.hash_of(MAIN)

    def hash_of(self, template: str) -> str:
        """A template's version: first 12 hex digits of the SHA-256 of the rendered specimens."""
        rendered = [
            [one.prompt, one.target, one.choices, one.references, one.segments, one.contexts]
            for one in map(self.templates[template], self.specimens)
        ]
        text = json.dumps(rendered, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
