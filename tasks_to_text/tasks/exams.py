"""Examinations of English: a text, a question about it, and answers to choose from."""

import re

from tasks_to_text.kinds import multiple_choice
from tasks_to_text.labelled import digest
from tasks_to_text.source import Source
from tasks_to_text.task import Row, Task
from tasks_to_text.tasks.wording import place

_BLANK = re.compile(r"\s*_+\s*")
_CLOSING = tuple(".,;:!?")


def race_prompt(row: Row) -> str:
    """Article and question; of a sentence with a blank, what comes before the blank.

    ``{article: "Ann sings.", question: "Ann can  _  ."}`` → ``Ann sings.\\nStatement: Ann can``.
    """
    article, question = row["article"].strip(), row["question"].strip()
    if "_" not in question:
        return f"{article}\nQuestion: {question}\nAnswer:"
    return f"{article}\nStatement: {_BLANK.split(question, maxsplit=1)[0]}".rstrip()


def race_choices(row: Row) -> list[str]:
    """The options; for a sentence with a blank, each with the rest of the sentence.

    ``{question: "Ann can  _  .", options: ["sing", "fly."]}`` → ``["sing.", "fly."]``.
    """
    if "_" not in row["question"]:
        return list(row["options"])
    rest = _BLANK.split(row["question"].strip(), maxsplit=1)[1]
    return [_filled(option.strip(), rest) for option in row["options"]]


def _filled(option: str, rest: str) -> str:
    if not option:
        return ""
    if rest.startswith(_CLOSING):
        return f"{option.rstrip('.')}{rest}"
    return f"{option} {rest}".rstrip()


def _race(level: str, school: str) -> Task:
    return multiple_choice(
        name=f"race_{level}",
        siblings=("race_middle" if level == "high" else "race_high",),
        description=f"A question about an article, from English examinations of Chinese {school} "
        "(RACE; Lai et al. 2017); answers by teachers.",
        source=Source(
            hub="ehovy/race",
            config=level,
            licence="research only (RACE)",
        ),
        prompt=race_prompt,
        choices=race_choices,
        gold=lambda row: place(row["answer"], "ABCD"),
        fields=("article", "question"),
        metrics=("acc", "acc_norm"),
        columns=("article", "question", "options", "answer"),
        wordings={
            "letters": {
                "prompt": "{article}\nQuestion: {question}",
                "choices": "options",
                "letters": True,
            }
        },
        group=lambda row: digest(row["article"]),
        specimens=(
            {
                "article": f"Ann goes to {level} school. She sings.",
                "question": "What does Ann do?",
                "options": ["She sings.", "She flies.", "She swims.", "She cooks."],
                "answer": "A",
            },
            {
                "article": f"Ann goes to {level} school. She sings.",
                "question": "From the text we know that Ann can  _  well.",
                "options": ["fly", "sing", "swim", "cook"],
                "answer": "B",
            },
        ),
    )


RACE_MIDDLE = _race("middle", "middle schools")
"""The prompt is::

    Ann goes to middle school. She sings.
    Question: What does Ann do?
    Answer:

with the choices `` She sings.`` and so on. A question that is a sentence with a blank goes on from
the blank: ``Statement: From the text we know that Ann can`` with the choices `` fly well.``,
`` sing well.`` … An article is a group. All three published splits are there, because GPT-1 was
fine-tuned on it (§4.2).
"""
RACE_HIGH = _race("high", "high schools")
"""In the wording of ``race_middle``."""


def dialogue(row: Row) -> str:
    """The turns of a dialogue, a line each."""
    return "\n".join(" ".join(turn.split()) for turn in row["dialogue"])


DREAM = multiple_choice(
    name="dream",
    description="A question about a dialogue, from English examinations (DREAM; Sun et al. 2019); "
    "answers by teachers.",
    source=Source(
        mirror="tasks/dream",
        splits={"train": "train", "validation": "validation", "test": "test"},
        licence="research only, non-commercial",
    ),
    prompt=lambda row: f"{dialogue(row)}\nQuestion: {row['question'].strip()}\nAnswer:",
    choices="choice",
    gold=lambda row: place(row["answer"], row["choice"]),
    fields=(dialogue, "question"),
    metrics=("acc", "acc_norm"),
    columns=("dialogue", "answer"),
    wordings={
        "letters": {
            "prompt": lambda row: f"{dialogue(row)}\nQuestion: {row['question'].strip()}",
            "letters": True,
        }
    },
    group="dialogue_id",
    specimens=(
        {
            "dialogue_id": "1-1",
            "dialogue": ["M: Is it cold?", "W: It is."],
            "question": "How is it?",
            "choice": ["Warm.", "Cold.", "Wet."],
            "answer": "Cold.",
        },
    ),
)
"""The prompt is::

    M: Is it cold?
    W: It is.
    Question: How is it?
    Answer:

with the choices `` Warm.``, `` Cold.`` and `` Wet.``. A dialogue is a group. The Hub has it as a
script only.
"""
