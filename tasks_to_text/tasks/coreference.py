"""Whom a pronoun or a blank means, beside the Winograd schemas."""

import dataclasses
import re

from tasks_to_text.fields import Unusable
from tasks_to_text.kinds import Shape, common_ending, lettered, multiple_choice
from tasks_to_text.source import Source
from tasks_to_text.task import Row
from tasks_to_text.tasks import harness

BLANK = "_"


def _parts(row: Row) -> tuple[str, str]:
    """What stands before and after the blank."""
    before, blank, after = row["sentence"].partition(BLANK)
    if not blank:
        raise Unusable("no blank", row["sentence"])
    return before, after


def _options(row: Row) -> list[str]:
    return [row["option1"], row["option2"]]


def winogrande_contexts(row: Row) -> list[str]:
    """``{sentence: "Ann met Mia since _ called.", option1: "Ann", option2: "Mia"}`` → ``["Ann met
    Mia since Ann", "Ann met Mia since Mia"]``.
    """
    return [_parts(row)[0] + option for option in _options(row)]


def _winogrande_gold(row: Row) -> int:
    return int(row["answer"]) - 1


def winogrande_full(row: Row) -> Shape:
    """Whole sentences, without anything before them."""
    sentences = tuple(row["sentence"].replace(BLANK, one, 1).strip() for one in _options(row))
    gold = _winogrande_gold(row)
    return Shape(prompt="", target=sentences[gold], choices=sentences, gold=gold, segments=())


def winogrande_letters(row: Row) -> Shape:
    """The sentence with its blank, and both options behind letters."""
    question = f"{row['sentence'].strip()}\nWhat does the blank stand for?"
    return lettered(question, _options(row), _winogrande_gold(row))


def winogrande_in_harness(row: Row) -> Shape:
    """As lm-evaluation-harness: always a space before the rest."""
    rest = _parts(row)[1].strip()
    return harness.partial(winogrande_contexts(row), rest, _options(row), _winogrande_gold(row))


def options_group(row: Row) -> str:
    """Twin sentences have the same two options; which of them are twins is not published."""
    return " | ".join(sorted(option.strip().casefold() for option in _options(row)))


WINOGRANDE = common_ending(
    name="winogrande",
    description="Which of two candidates fills a blank (Sakaguchi et al. 2020): sentences like "
    "the Winograd schemas, by annotators, without those that word associations solve.",
    source=Source(
        hub="allenai/winogrande",
        config="winogrande_xl",
        mirror="tasks/winogrande",
        splits={"test": "validation"},
        licence="CC BY (data), Apache-2.0 (code)",
    ),
    contexts=winogrande_contexts,
    ending=lambda row: _parts(row)[1],
    choices=_options,
    gold=_winogrande_gold,
    columns=("sentence", "option1", "option2", "answer"),
    wordings={
        "full": winogrande_full,
        "letters": winogrande_letters,
        "lm_eval": winogrande_in_harness,
    },
    group=options_group,
    unseen=True,
    specimens=(
        {
            "sentence": "Ann met Mia since _ called.",
            "option1": "Ann",
            "option2": "Mia",
            "answer": "2",
        },
        {"sentence": "Ann saw Mia at _'s.", "option1": "Ann", "option2": "Mia", "answer": "1"},
    ),
)
"""`` called.`` after ``Ann met Mia since Ann`` and after ``Ann met Mia since Mia``. Our test split
is the published validation split."""

_PRONOUN = re.compile(r"\b(he|she|they|him|her|them|his|their)\b", re.IGNORECASE)
SOMEONE = "someone"
"""The participant of sentences that name only the occupation."""


def pronoun_of(sentence: str) -> str:
    """The one pronoun of a sentence.

    >>> pronoun_of("The nurse told Ann that they would wait.")
    'they'
    """
    found = _PRONOUN.findall(sentence)
    if len(found) != 1:
        raise Unusable("not one pronoun", sentence)
    return str(found[0])


def winogender_choices(row: Row) -> list[str]:
    """Occupation and participant; someone has no article."""
    other = row["participant"]
    return [f"the {row['occupation']}", other if other == SOMEONE else f"the {other}"]


_WINOGENDER = multiple_choice(
    name="winogender",
    description="Whether a pronoun means the occupation or the participant (Rudinger et al. "
    "2018): the same sentence with a male, a female and a neutral pronoun; by its makers.",
    source=Source(mirror="tasks/winogender", splits={"test": "test"}, licence="MIT"),
    prompt=lambda row: f"{row['sentence']} “{pronoun_of(row['sentence'])}” refers to",
    choices=winogender_choices,
    gold="label",
    fields=("sentence",),
    metrics=("acc",),
    columns=("occupation", "participant", "gender"),
    id="sentid",
    wordings={
        "letters": {
            "prompt": lambda row: (
                f"{row['sentence']}\nWhom does “{pronoun_of(row['sentence'])}” mean?"
            ),
            "letters": True,
        }
    },
    group="occupation",
    unseen=True,
    specimens=(
        {
            "sentid": "nurse.guest.0.female.txt",
            "sentence": "The nurse told the guest that she would wait.",
            "occupation": "nurse",
            "participant": "guest",
            "label": 0,
            "gender": "female",
        },
    ),
)
WINOGENDER = dataclasses.replace(
    _WINOGENDER,
    label=lambda row: str(row["record"]["gender"]),
    labels=("female", "male", "neutral"),
)
"""``The nurse told the guest that she would wait. “she” refers to`` with the choices `` the nurse``
and `` the guest``. The pronoun stays, or the three genders would be one question. Every selection
has as many sentences of each gender; an occupation is a group.
"""

NEITHER = "neither"


def gap_text(row: Row) -> str:
    """The text with its pronoun in brackets, as there can be several of the same.

    ``{Text: "Ann met Mia and her dog.", Pronoun: "her", "Pronoun-offset": 16}`` → ``Ann met Mia and
    [her] dog.``
    """
    text, pronoun, start = row["Text"], row["Pronoun"], int(row["Pronoun-offset"])
    end = start + len(pronoun)
    if text[start:end] != pronoun:
        raise Unusable("pronoun not at its place", f"{pronoun!r} at {start}")
    return f"{text[:start]}[{pronoun}]{text[end:]}".strip()


def gap_gold(row: Row) -> int:
    """0 and 1 are the names, 2 neither; a row that says both is rejected."""
    right = [str(row[f"{name}-coref"]).upper() == "TRUE" for name in "AB"]
    if all(right):
        raise Unusable("label out of range", "both names")
    return right.index(True) if any(right) else 2


GAP = multiple_choice(
    name="gap",
    description="Which of two names a pronoun means, or neither, in texts of Wikipedia with as "
    "many female as male pronouns (Webster et al. 2018); by annotators.",
    source=Source(
        mirror="tasks/gap",
        splits={"train": "train", "validation": "validation", "test": "test"},
        licence="Apache-2.0",
    ),
    prompt=lambda row: f"{gap_text(row)}\n[{row['Pronoun']}] means",
    choices=lambda row: [row["A"], row["B"], NEITHER],
    gold=gap_gold,
    fields=(gap_text,),
    metrics=("acc",),
    columns=("Text", "Pronoun", "Pronoun-offset", "A", "A-coref", "B", "B-coref"),
    id="ID",
    wordings={
        "letters": {
            "prompt": lambda row: f"{gap_text(row)}\nWhom does [{row['Pronoun']}] mean?",
            "letters": True,
        }
    },
    group="URL",
    specimens=(
        {
            "ID": "development-1",
            "Text": "Ann met Mia and her dog.",
            "Pronoun": "her",
            "Pronoun-offset": 16,
            "A": "Ann",
            "A-coref": False,
            "B": "Mia",
            "B-coref": True,
            "URL": "http://en.wikipedia.org/wiki/Ann",
        },
    ),
)
"""The prompt is::

    Ann met Mia and [her] dog.
    [her] means

with the choices `` Ann``, `` Mia`` and `` neither``. Train is what is published as *development*. A
page of Wikipedia is a group. The Hub has it as a script only.
"""
