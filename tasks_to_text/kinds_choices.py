"""Kinds of tasks whose answer is a label or a number that all rows share: the likeliest counts."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Unpack

from tasks_to_text.errors import ConfigError
from tasks_to_text.fields import (
    Field,
    Unusable,
    columns_of,
    fill,
    require_text,
    scalar,
    text,
    wording_columns,
)
from tasks_to_text.labelled import Built, Common, Kind, Shape, make
from tasks_to_text.task import Row, Task

_CALIBRATED = ("acc", "brier", "ece")
"""Accuracy, and whether the probabilities can be believed."""
_CLASSIFICATION = Kind(name="classification", protocol="choice", metrics=_CALIBRATED, closed=True)
_PAIR = Kind(name="pair", protocol="choice", metrics=_CALIBRATED, closed=True)
_RATING = Kind(name="similarity", protocol="choice", metrics=("pearson", "spearman"), closed=True)


def classification(
    *,
    text: Field,
    label: str,
    labels: Mapping[str, str],
    question: str = "",
    **common: Unpack[Common],
) -> Task:
    """A text and a label out of a few.

    Args:
        text: the text; a column, a format string or a function.
        label: the column with the label.
        labels: value of that column, as str → the word that stands for it. All of them are choices,
            in this order.
        question: words between the text and the answer, on a line of their own; braces are filled
            from the record. "": the answer follows the text.
        common: see ``Common``.

    ``classification(text="review", label="label", labels={"0": "bad", "1": "good"},
    question="The film is", …)`` makes of ``{"review": "Dull.", "label": 0}`` the prompt::

        Dull.
        The film is

    with the choices `` bad`` and `` good``.
    """
    require_text(label=label)

    def build(
        text: Field = text, labels: Mapping[str, str] = labels, question: str = question
    ) -> Built:
        named = (*columns_of("text", text), label, *wording_columns("question", question))
        words = _labels(labels, common.get("name", ""))

        def shape(record: Row) -> Shape:
            shown = _stripped(text, record)
            prompt = _joined(shown, fill(question, record))
            return _labelled(prompt, scalar(label, record), words, (shown,))

        return Built(shape, named)

    return make(_CLASSIFICATION, build, **common)


def pair(
    *,
    first: Field,
    second: Field,
    label: str,
    labels: Mapping[str, str],
    first_name: str = "",
    second_name: str = "",
    question: str = "",
    symmetric: bool = False,
    **common: Unpack[Common],
) -> Task:
    """Two texts, and a label out of a few for how they relate.

    Args:
        first: the one text; a column, a format string or a function.
        second: the other.
        label: the column with the label.
        labels: value of that column, as str → the word that stands for it. All of them are choices,
            in this order.
        first_name: a word for the first text, shown before it with a colon; "": none.
        second_name: the same for the second.
        question: words on a line of their own before the answer; braces are filled from the record.
        symmetric: whether the texts can be exchanged, as in a paraphrase.
        common: see ``Common``.

    ``pair(first="a", second="b", first_name="One", second_name="Two", question="Same meaning?",
    label="same", labels={"0": "no", "1": "yes"}, …)`` makes the prompt::

        One: It rains.
        Two: Rain falls.
        Same meaning?
    """
    require_text(label=label)

    def build(
        first: Field = first,
        second: Field = second,
        labels: Mapping[str, str] = labels,
        first_name: str = first_name,
        second_name: str = second_name,
        question: str = question,
    ) -> Built:
        fields = (*columns_of("first", first), *columns_of("second", second), label)
        words = _labels(labels, common.get("name", ""))

        def shape(record: Row) -> Shape:
            texts = _stripped(first, record), _stripped(second, record)
            prompt = _joined(*_named((first_name, second_name), texts), fill(question, record))
            return _labelled(prompt, scalar(label, record), words, texts)

        return Built(shape, (*fields, *wording_columns("question", question)))

    return make(_PAIR, build, symmetric=symmetric, **common)


def rating(
    *,
    first: Field,
    second: Field,
    score: str,
    lowest: int,
    highest: int,
    first_name: str = "",
    second_name: str = "",
    question: str = "",
    **common: Unpack[Common],
) -> Task:
    """Two texts that can be exchanged, and a number for how much they have in common.

    The choices are the whole numbers from ``lowest`` to ``highest``. The nearest one, upwards from
    the middle, is gold; the exact score stands in ``references``, because a prediction is the mean
    of the numbers under their probabilities.

    Args:
        first: the one text; a column, a format string or a function.
        second: the other.
        score: the column with the score, a number.
        lowest: the least number on the scale.
        highest: the greatest one.
        first_name: a word for the first text, shown before it with a colon; "": none.
        second_name: the same for the second.
        question: words on a line of their own before the answer; braces are filled from the record.
        common: see ``Common``.

    ``rating(first="a", second="b", score="score", lowest=0, highest=5, question="Same, 0 to 5:",
    …)`` makes of ``{"a": "It rains.", "b": "Rain falls.", "score": 3.8}`` the choices `` 0`` …
    `` 5``, the target `` 4`` and the reference ``3.8``.
    """
    require_text(score=score)
    if not lowest < highest:
        raise ConfigError(
            f"task {common.get('name', '')!r}: lowest={lowest}, highest={highest}: give a scale, "
            "such as 0 and 5"
        )
    numbers = _labels({str(n): str(n) for n in range(lowest, highest + 1)}, common.get("name", ""))

    def build(
        first: Field = first,
        second: Field = second,
        first_name: str = first_name,
        second_name: str = second_name,
        question: str = question,
    ) -> Built:
        fields = (*columns_of("first", first), *columns_of("second", second), score)

        def shape(record: Row) -> Shape:
            texts = _stripped(first, record), _stripped(second, record)
            prompt = _joined(*_named((first_name, second_name), texts), fill(question, record))
            exact = _score(scalar(score, record), lowest, highest)
            nearest = str(math.floor(exact + 0.5))
            return dataclasses.replace(
                _labelled(prompt, nearest, numbers, texts), references=(f"{exact:g}",)
            )

        return Built(shape, (*fields, *wording_columns("question", question)))

    return make(_RATING, build, symmetric=True, **common)


def _stripped(field: Field, record: Row) -> str:
    return text(field, record).strip()


def _joined(*lines: str) -> str:
    return "\n".join(line for line in lines if line).rstrip()


def _named(names: tuple[str, str], texts: tuple[str, str]) -> list[str]:
    """Each text with its name before it, if it has one."""
    return [f"{name}: {one}" if name else one for name, one in zip(names, texts, strict=True)]


def _score(value: str, lowest: int, highest: int) -> float:
    """A number on the scale; what is none, or lies outside, is unusable."""
    try:
        exact = float(value)
    except ValueError:
        raise Unusable("score is no number", repr(value)) from None
    if not lowest <= exact <= highest:
        raise Unusable("score out of range", f"{exact:g} of {lowest} to {highest}")
    return exact


@dataclasses.dataclass(frozen=True, slots=True)
class _Labels:
    """The labels of a task: as choices, and where each value stands among them."""

    choices: tuple[str, ...]
    places: Mapping[str, int]


def _labelled(prompt: str, value: str, labels: _Labels, segments: tuple[str, ...]) -> Shape:
    gold = labels.places.get(value)
    if gold is None:
        raise Unusable("label out of range", repr(value))
    return Shape(
        prompt=prompt,
        target=labels.choices[gold],
        choices=labels.choices,
        gold=gold,
        segments=segments,
    )


def _labels(labels: Mapping[str, str], name: str) -> _Labels:
    """The labels, checked."""
    if not isinstance(labels, Mapping) or not all(isinstance(w, str) for w in labels.values()):
        raise ConfigError(
            f"task {name!r}: labels={labels!r:.80}; give a dictionary, value → the word for it, "
            "such as {'0': 'negative', '1': 'positive'}"
        )
    words = {str(value): word.strip() for value, word in labels.items()}
    if len(words) < 2 or not all(words.values()) or len(set(words.values())) < len(words):
        raise ConfigError(
            f"task {name!r}: labels={dict(labels)}: give at least two, each with a word of its own"
        )
    places = {value: place for place, value in enumerate(words)}
    return _Labels(tuple(f" {word}" for word in words.values()), places)
