"""One row of a labelled dataset under one template: the text to read and the text to produce.

The same example serves three uses: text to pre-train on (GPT-2: prompt + target), segments to
fine-tune on (GPT-1 §3.3: the fields between delimiters), and requests to evaluate with.
"""

from dataclasses import dataclass

from tasks_to_text.errors import DataError


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A prompt and its target, as strings; nothing here knows of tokens.

    Raises DataError when the fields contradict each other.
    """

    example_id: str
    """Unique within task and split; stable over runs (a row's own id, never its position)."""
    group: str
    """What must not be split between training and evaluation; intervals are clustered by it."""
    prompt: str
    """The text shown. Ends without white space: a target owns its leading space."""
    target: str
    """The text to be produced, leading space included."""
    choices: tuple[str, ...] = ()
    """Candidate targets, at least two, each owning its leading space; () for free generation."""
    gold: int = -1
    """Index of the right choice; -1 where there are no choices."""
    references: tuple[str, ...] = ()
    """Acceptable answers for generation, without white space around them; (): the target alone. For
    a rating the one exact score, of which the gold choice is the nearest."""
    segments: tuple[str, ...] = ()
    """The fields as GPT-1's input transformations need them, without any wording; for a ``text``
    task one segment, the original on which words and bytes are counted."""
    contexts: tuple[str, ...] = ()
    """One per choice, where choices stand in what is shown and all have the same end, which alone
    is scored (partial scoring; Trinh & Le 2018): the prompt is the right one, the target the end.
    (): every choice is scored after the prompt."""

    def __post_init__(self) -> None:
        if not self.target.strip():
            raise DataError(f"example {self.example_id!r}: target={self.target!r} is empty")
        if self.prompt[-1:].isspace() or any(shown[-1:].isspace() for shown in self.contexts):
            raise DataError(
                f"example {self.example_id!r}: prompt ends in white space; give it to the target"
            )
        if not self.choices:
            if self.gold != -1:
                raise DataError(f"example {self.example_id!r}: gold={self.gold} without choices")
            return
        if len(self.choices) < 2:
            raise DataError(
                f"example {self.example_id!r}: choices={self.choices} leave nothing to choose; "
                "give at least two, or none for free generation"
            )
        if not 0 <= self.gold < len(self.choices):
            last = len(self.choices) - 1
            raise DataError(f"example {self.example_id!r}: gold={self.gold} is outside 0..{last}")
        if len(set(self.choices)) != len(self.choices):
            raise DataError(f"example {self.example_id!r}: two choices are the same text")
        if self.contexts:
            if len(self.contexts) != len(self.choices) or self.contexts[self.gold] != self.prompt:
                raise DataError(
                    f"example {self.example_id!r}: {len(self.contexts)} contexts for "
                    f"{len(self.choices)} choices; give one each, and the right one as prompt"
                )
        elif self.choices[self.gold] != self.target:
            raise DataError(f"example {self.example_id!r}: target is not the gold choice")

    @property
    def text(self) -> str:
        """What is read in pre-training (GPT-2 §2): the prompt and the target after it."""
        return self.prompt + self.target

    @property
    def requests(self) -> tuple[tuple[str, str], ...]:
        """What is asked in evaluation: (context, continuation) of each choice, or of the target."""
        if self.contexts:
            return tuple((context, self.target) for context in self.contexts)
        return tuple((self.prompt, choice) for choice in self.choices or (self.target,))
