"""Kinds of tasks whose rows bring their own choices: the likeliest one counts."""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Unpack

from tasks_to_text.fields import (
    Field,
    Index,
    Texts,
    Unusable,
    columns_of,
    index,
    listed,
    text,
)
from tasks_to_text.labelled import Built, Common, Kind, Shape, make
from tasks_to_text.task import Row, Task

_MULTIPLE_CHOICE = Kind(name="multiple choice", protocol="choice", metrics=("acc", "acc_norm"))
_COMMON_ENDING = Kind(name="coreference", protocol="choice", metrics=("acc",))
_CLOSING = frozenset(".,;:!?)'’")
"""What stands at a word without a space before it."""


def multiple_choice(
    *,
    prompt: Field | None,
    choices: Texts,
    gold: Index,
    fields: Sequence[Field] = (),
    **common: Unpack[Common],
) -> Task:
    """A text and several ways to go on, one of them right.

    Args:
        prompt: what is shown before the choices; a column, a format string or a function. None:
            nothing, so that the choices are compared as whole texts.
        choices: a column with a list of texts, or a function that makes the list.
        gold: which choice is right, counted from 0: a column (number or digits) or a function.
        fields: the record's own texts, without the words of the prompt, for a fine-tuning that
            puts delimiters between them (GPT-1 §3.3), such as passage and question; (): the prompt.
        common: see ``Common``.

    A wording can list the choices and ask for the letter of one: ``{"letters": {"letters": True}}``
    (see ``lettered``).

    ``multiple_choice(prompt="{question}", choices=lambda row: [row["a"], row["b"]], gold="answer",
    …)`` makes of ``{"question": "Ice is", "a": "cold.", "b": "hot.", "answer": 0}`` the prompt
    ``Ice is`` with the choices `` cold.`` and `` hot.``.
    """

    def build(
        prompt: Field | None = prompt,
        choices: Texts = choices,
        gold: Index = gold,
        letters: bool = False,
    ) -> Built:
        given = fields if prompt is None else (prompt, *fields)
        named = tuple(name for one in given for name in columns_of("prompt, fields", one))
        named += (*columns_of("choices", choices), *columns_of("gold", gold))

        def shape(record: Row) -> Shape:
            shown = "" if prompt is None else _stripped(prompt, record)
            offered, right = _offered(choices, gold, record)
            if letters:
                return lettered(shown, offered, right)
            read = tuple(_stripped(one, record) for one in fields)
            owned = tuple(f" {one}" if shown else one for one in offered)
            return Shape(
                prompt=shown,
                target=owned[right],
                choices=owned,
                gold=right,
                segments=read or ((shown,) if shown else ()),
                key=f"{shown} {offered[right]}",
            )

        return Built(shape, named)

    return make(_MULTIPLE_CHOICE, build, **common)


def lettered(question: str, options: Sequence[str], gold: int, ask: str = "Answer:") -> Shape:
    """A question with its options listed, each behind a letter; the letter is the answer.

    ``lettered("Ice is", ["cold.", "hot."], 0)`` has the choices `` A`` and `` B`` after::

        Ice is
        A. cold.
        B. hot.
        Answer:
    """
    if len(options) > len(ascii_uppercase):
        raise Unusable("more choices than letters", str(len(options)))
    letters = ascii_uppercase[: len(options)]
    listing = [f"{letter}. {option}" for letter, option in zip(letters, options, strict=True)]
    asked = _joined(question, *listing)
    choices = tuple(f" {letter}" for letter in letters)
    return Shape(
        prompt=_joined(asked, ask),
        target=choices[gold],
        choices=choices,
        gold=gold,
        segments=(asked,),
    )


def common_ending(
    *, contexts: Texts, ending: Field, choices: Texts, gold: Index, **common: Unpack[Common]
) -> Task:
    """Several beginnings and one ending: the beginning that makes it likeliest counts (*partial*
    scoring; Trinh & Le 2018, arXiv 1806.02847).

    Args:
        contexts: the text up to and including each candidate, such as the one that stands for a
            pronoun: a column with a list of texts, or a function.
        ending: what comes after the candidate; a column, a format string or a function.
        choices: the candidates alone, one per context, for people and for baselines.
        gold: which is right, counted from 0: a column (number or digits) or a function.
        common: see ``Common``.

    ``contexts=["Ann met Mia because Ann", "Ann met Mia because Mia"]``, ``ending="called."`` asks
    for log P(`` called.``) after each of both.
    """

    def build(
        contexts: Texts = contexts,
        ending: Field = ending,
        choices: Texts = choices,
        gold: Index = gold,
    ) -> Built:
        named = (*columns_of("contexts", contexts), *columns_of("ending", ending))
        named += (*columns_of("choices", choices), *columns_of("gold", gold))

        def shape(record: Row) -> Shape:
            offered, right = _offered(choices, gold, record)
            shown, end = listed(contexts, record), _stripped(ending, record)
            if len(shown) != len(offered) or not all(shown):
                raise Unusable("fewer contexts than choices")
            joint = "" if end[0] in _CLOSING else " "
            return Shape(
                prompt=shown[right],
                target=f"{joint}{end}",
                choices=tuple(f" {one}" for one in offered),
                gold=right,
                segments=(f"{shown[right]}{joint}{end}",),
                contexts=shown,
                key=f"{shown[right]}{joint}{end}",
            )

        return Built(shape, named)

    return make(_COMMON_ENDING, build, **common)


def _offered(choices: Texts, gold: Index, record: Row) -> tuple[tuple[str, ...], int]:
    """The choices of a record, all different and none empty, and which is right."""
    offered = listed(choices, record)
    if not offered:
        raise Unusable("empty choice list")
    if len(offered) < 2:
        raise Unusable("fewer than two choices", offered[0])
    right = index(gold, record, len(offered))
    if not all(offered):
        raise Unusable("field empty")
    if len(set(offered)) < len(offered):
        raise Unusable("choices repeated")
    return offered, right


def _stripped(field: Field, record: Row) -> str:
    return text(field, record).strip()


def _joined(*lines: str) -> str:
    return "\n".join(line for line in lines if line).rstrip()
