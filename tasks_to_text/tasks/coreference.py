"""Whom a pronoun means.

GPT-2 scored the rest of the sentence after the substituted referent (*partial* scoring: both
candidates are the context of the same text). An Example has one prompt and several choices, so here
the choices are referent and rest together (*full* scoring from the pronoun on): a frequent or short
referent has an advantage that partial scoring does not give it. Scores of the two are not the same.
"""

import dataclasses
import difflib
from collections.abc import Iterable, Iterator, Sequence

from tasks_to_text.kinds import multiple_choice
from tasks_to_text.labelled import digest
from tasks_to_text.source import Source
from tasks_to_text.task import Rejected, Row, Split

_CAPITALISED = frozenset({"The", "My", "His", "People"})
"""First words of candidates that are no names: they are lower case within a sentence."""
_ALIKE = 0.7


def winograd_choices(row: Row) -> list[str]:
    """The sentence from the pronoun on, once with each candidate in the pronoun's place.

    ``{text: "Tom threw it to Ray as he took his bag.", pronoun: "his", pronoun_loc: 32, options:
    ["Tom", "Ray"]}`` becomes ``["Tom's bag.", "Ray's bag."]``.
    """
    pronoun = row["pronoun"]
    rest = row["text"][row["pronoun_loc"] + len(pronoun) :]
    return [_referent(option, pronoun, rest) + rest for option in row["options"]]


def _referent(option: str, pronoun: str, rest: str) -> str:
    """A candidate with the pronoun's case: first letter, and possessive."""
    if pronoun[0].isupper():
        option = option[0].upper() + option[1:]
    elif option.split()[0] in _CAPITALISED:
        option = option[0].lower() + option[1:]
    owns = pronoun.lower() in {"his", "its", "their"} or (
        pronoun.lower() == "her" and rest[:1] == " "
    )
    return f"{option}'s" if owns else option


_SINGLE = multiple_choice(
    name="winograd_wsc",
    description="Which of two candidates a pronoun means (Levesque et al. 2012): twin sentences "
    "differ in a word that turns the answer.",
    source=Source(
        mirror="tasks/winograd_wsc", splits={"test": "test"}, licence="CC BY 4.0 (E. Davis)"
    ),
    prompt=lambda row: row["text"][: row["pronoun_loc"]],
    choices=winograd_choices,
    gold="label",
    metrics=("acc",),
    columns=("text", "pronoun", "pronoun_loc", "options"),
    unseen=True,
    specimens=(
        {
            "text": "The ball crashed through the table because it was made of steel.",
            "pronoun": "it",
            "pronoun_loc": 43,
            "options": ["The ball", "The table"],
            "label": 0,
        },
        {
            "text": "The man lifted the boy onto his bed.",
            "pronoun": "his",
            "pronoun_loc": 28,
            "options": ["The man", "The boy"],
            "label": 1,
        },
    ),
)


def schema_groups(records: Sequence[Row]) -> list[str]:
    """The schema of every record: neighbours with the same candidates, or nearly the same text,
    belong together.
    """
    groups: list[str] = []
    for before, record in zip([None, *records], records, strict=False):
        same = before is not None and _twins(before, record)
        groups.append(groups[-1] if same else digest(str(record.get("text"))))
    return groups


def winograd_rows(records: Iterable[Row], split: Split) -> Iterator[Row | Rejected]:
    """Rows whose group is their schema, which only the order of the records tells."""
    listed = list(records)
    for row, group in zip(_SINGLE.rows(listed, split), schema_groups(listed), strict=True):
        yield row if isinstance(row, Rejected) else {**row, "group": group}


def _twins(one: Row, other: Row) -> bool:
    candidates = [
        [str(option).casefold() for option in row.get("options") or ()] for row in (one, other)
    ]
    if candidates[0] == candidates[1]:
        return True
    texts = difflib.SequenceMatcher(None, str(one.get("text")), str(other.get("text")))
    return texts.ratio() > _ALIKE


WINOGRAD_WSC = dataclasses.replace(_SINGLE, rows=winograd_rows)
"""``The ball crashed through the table because`` with the choices `` the ball was made of steel.``
and `` the table was made of steel.``: full scoring from the pronoun on (see above).

285 rows, of which the first 273 are WSC273. The Hub has them as a script only: they are read from a
mirror.
"""
