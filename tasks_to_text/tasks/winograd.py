"""Whom a pronoun means: the Winograd schemas.

Both candidates are put in the pronoun's place. *Partial* scoring (Trinh & Le 2018, arXiv
1806.02847) asks how likely the rest of the sentence is after each, and is what stands for the tasks
here and what GPT-2 reports (§3.4); *full* scoring, how likely each whole sentence is, so that a
frequent or short candidate has an advantage. Scores of the two are not the same.
"""

import dataclasses
import difflib
from collections.abc import Iterable, Iterator, Sequence

from tasks_to_text.fields import Unusable
from tasks_to_text.kinds import Shape, common_ending
from tasks_to_text.labelled import digest
from tasks_to_text.source import Source
from tasks_to_text.task import Rejected, Row, Split, Task
from tasks_to_text.tasks import harness

_CAPITALISED = frozenset({"The", "My", "His", "People"})
"""First words of candidates that are no names: they are lower case within a sentence."""
_ALIKE = 0.7


def before_pronoun(row: Row) -> str:
    """The text before the pronoun; a row whose pronoun is not where it says so is rejected."""
    start, pronoun = row["pronoun_loc"], row["pronoun"]
    if row["text"][start : start + len(pronoun)] != pronoun:
        raise Unusable("pronoun not at its place", f"{pronoun!r} at {start}")
    return str(row["text"][:start])


def after_pronoun(row: Row) -> str:
    """The text after the pronoun."""
    return str(row["text"][row["pronoun_loc"] + len(row["pronoun"]) :])


def substituted(row: Row) -> list[str]:
    """The sentence up to and with each candidate in the pronoun's place.

    ``{text: "Tom threw it to Ray as he took his bag.", pronoun: "his", pronoun_loc: 32, options:
    ["Tom", "Ray"]}`` becomes ``["… took Tom's", "… took Ray's"]``.
    """
    before, rest = before_pronoun(row), after_pronoun(row)
    return [before + referent(option, row["pronoun"], rest) for option in row["options"]]


def referent(option: str, pronoun: str, rest: str) -> str:
    """A candidate with the pronoun's case: first letter, and possessive."""
    if pronoun[0].isupper():
        option = option[0].upper() + option[1:]
    elif option.split()[0] in _CAPITALISED:
        option = option[0].lower() + option[1:]
    owns = pronoun.lower() in {"his", "its", "their"} or (
        pronoun.lower() == "her" and rest[:1] == " "
    )
    return f"{option}'s" if owns else option


def full(row: Row) -> Shape:
    """Whole sentences, without anything before them."""
    sentences = tuple(" ".join((one + after_pronoun(row)).split()) for one in substituted(row))
    gold = int(row["label"])
    return Shape(prompt="", target=sentences[gold], choices=sentences, gold=gold, segments=())


_IN_HARNESS_OWNS = frozenset({"my", "his", "her", "our", "their"})
_IN_HARNESS_LOWER = frozenset(
    {"A", "An", "The", "She", "He", "It", "They", "My", "His", "Her", "Their"}
)


def in_harness(row: Row) -> Shape:
    """As lm-evaluation-harness: its own repairs of the candidates, and two spaces before the rest.

    Every *her* owns there, and no candidate is capitalised. Double spaces are halved without moving
    the pronoun's place.
    """
    text, start = row["text"].replace("  ", " "), row["pronoun_loc"]
    begins = text[start - 2] == "."
    options = [_in_harness(option, row["pronoun"], begins) for option in row["options"]]
    rest = text[start + len(row["pronoun"]) :]
    contexts = [text[:start] + option for option in options]
    return harness.partial(contexts, rest, options, int(row["label"]))


def _in_harness(option: str, pronoun: str, begins: bool) -> str:
    if pronoun.lower() in _IN_HARNESS_OWNS:
        option += "'s"
    first = option.split()[0]
    lower = not begins and first in _IN_HARNESS_LOWER
    return option.replace(first, first.lower()) if lower else option


def schema_groups(records: Sequence[Row]) -> list[str]:
    """The schema of every record: neighbours with the same candidates, or nearly the same text,
    belong together.
    """
    groups: list[str] = []
    for before, record in zip([None, *records], records, strict=False):
        same = before is not None and _twins(before, record)
        groups.append(groups[-1] if same else digest(str(record.get("text"))))
    return groups


def _twins(one: Row, other: Row) -> bool:
    candidates = [
        [str(option).casefold() for option in row.get("options") or ()] for row in (one, other)
    ]
    if candidates[0] == candidates[1]:
        return True
    texts = difflib.SequenceMatcher(None, str(one.get("text")), str(other.get("text")))
    return texts.ratio() > _ALIKE


_SPECIMENS: tuple[Row, ...] = (
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
)


def _winograd(name: str, which: str, source: Source, specimens: tuple[Row, ...]) -> Task:
    """The task, with rows whose group is their schema, which only the order of records tells."""
    single = common_ending(
        name=name,
        siblings=("wsc273" if name == "winograd_wsc" else "winograd_wsc",),
        description="Which of two candidates a pronoun means (Levesque et al. 2012): twin "
        f"sentences differ in a word that turns the answer; {which}.",
        source=source,
        contexts=substituted,
        ending=after_pronoun,
        choices=lambda row: [
            referent(option, row["pronoun"], after_pronoun(row)) for option in row["options"]
        ],
        gold="label",
        columns=("text", "pronoun", "pronoun_loc", "options"),
        wordings={"full": full, "lm_eval": in_harness},
        unseen=True,
        specimens=specimens,
    )

    def rows(records: Iterable[Row], split: Split) -> Iterator[Row | Rejected]:
        listed = list(records)
        for row, group in zip(single.rows(listed, split), schema_groups(listed), strict=True):
            yield row if isinstance(row, Rejected) else {**row, "group": group}

    return dataclasses.replace(single, rows=rows)


WINOGRAD_WSC = _winograd(
    "winograd_wsc",
    "all 285",
    Source(mirror="tasks/winograd_wsc", splits={"test": "test"}, licence="CC BY 4.0 (E. Davis)"),
    _SPECIMENS,
)
"""`` was made of steel.`` after ``The ball crashed through the table because the ball`` and after
``… because the table``; the wording ``full`` compares both whole sentences. Schemas that differ in
a word are a group."""
WSC273 = _winograd(
    "wsc273",
    "the first 273, as GPT-2 was tested on them",
    Source(
        hub="lighteval/winograd_wsc",
        config="wsc273",
        mirror="tasks/winograd_wsc",
        splits={"test": "test"},
        limit=273,
        licence="CC BY 4.0 (E. Davis)",
    ),
    _SPECIMENS[::-1],
)
"""The rows of ``winograd_wsc`` without the last twelve, which came later."""
