"""What a task is: where its rows come from, how a row reads as text, and how it is scored.

One definition serves pre-training text, fine-tuning input and evaluation alike, so a score can
never be about another wording than the one that was trained on.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tasks_to_text.errors import ConfigError
from tasks_to_text.example import Example

Row = Mapping[str, Any]
"""One raw record of a labelled dataset. A labelled row, as ``Task.rows`` makes it, has at least
``id`` (unique within task and split) and ``group`` (what must not be split), both str."""

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

Template = Callable[[Row], Example]
"""A pure function row → Example; the wording of the task."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """An NLP task. Raises ConfigError when it cannot be scored or hashed."""

    name: str
    """Lower case with underscores; the key in tables, metrics (``eval/<name>/acc``) and paths."""
    description: str
    """One sentence for a person: what is asked, where the gold answer comes from."""
    columns: tuple[str, ...]
    """Columns that the records of the source must have."""
    rows: Callable[[Iterable[Row], Split], Iterator[Row]]
    """Records of the source, one split → every labelled row they hold (a pure function); which of
    them become examples is decided by ``tasks_to_text.selection``."""
    keys: Callable[[Row], tuple[str, ...]]
    """What a labelled row must not share with a row of another split, nor twice within its own."""
    template: Template
    """Labelled row → Example."""
    specimens: tuple[Row, ...]
    """Fixed labelled rows: the template's version is the hash of what it makes of them."""
    unseen: bool = False
    """True: no shipped mixture may hold it, so that its score is zero-shot."""
    closed: bool = False
    """True: the choices are labels of a small closed set; False: free text of their own."""
    label: Callable[[Row], str] | None = None
    """The label that evaluation splits hold equally many rows of; None: nothing to balance."""
    labels: tuple[str, ...] = ()
    """The labels where they are fixed: all are kept; (): those that a split has enough rows of."""
    distract: Callable[[Sequence[Row]], Sequence[Row]] | None = None
    """Selected rows of a split → the same rows with distractors, drawn from gold answers of those
    very rows, so that a constant ranking of the answers wins nothing; None: none are needed."""

    def __post_init__(self) -> None:
        if not self.name.replace("_", "").isalnum() or self.name != self.name.lower():
            raise ConfigError(f"task name={self.name!r}: use lower-case words joined by '_'")
        if not self.specimens:
            raise ConfigError(f"task {self.name!r} has no specimens: its template has no version")

    @property
    def template_hash(self) -> str:
        """First 12 hex digits of the SHA-256 of the rendered specimens: the template's version."""
        rendered = [
            [example.prompt, example.target, example.choices, example.segments]
            for example in map(self.template, self.specimens)
        ]
        text = json.dumps(rendered, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
