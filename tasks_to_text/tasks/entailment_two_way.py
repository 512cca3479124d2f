"""Whether one text follows from another or not: two labels."""

from typing import Any

from tasks_to_text.kinds import pair
from tasks_to_text.labelled import Wording
from tasks_to_text.source import Source
from tasks_to_text.task import Row
from tasks_to_text.tasks.written import written

QUESTION = "Does the hypothesis follow from the premise?"


def _wordings(follows: str, does_not: str) -> dict[str, Wording]:
    """Wordings of premise and hypothesis, for the values of the two labels."""
    return {
        "question": {
            "first_name": "",
            "second_name": "",
            "question": "Is the second text right if the first one is?",
            "labels": {follows: "surely", does_not: "not necessarily"},
        },
        "statement": {
            "first_name": "Fact",
            "second_name": "Claim",
            "question": "From the fact alone the claim is",
            "labels": {follows: "proven", does_not: "unproven"},
        },
    }


def rte_fields(row: Row) -> tuple[str, ...]:
    """Text and hypothesis, without white space around them."""
    return row["sentence1"].strip(), row["sentence2"].strip()


_RTE_WORDINGS = {
    **_wordings("0", "1"),
    "lm_eval": written(
        "{sentence1}\nQuestion: {sentence2} True or False?\nAnswer:",
        ("True", "False"),
        rte_fields,
    ),
}

_RTE: dict[str, Any] = {
    "first": "sentence1",
    "second": "sentence2",
    "first_name": "Premise",
    "second_name": "Hypothesis",
    "label": "label",
    "labels": {"0": "yes", "1": "no"},
    "question": QUESTION,
    "wordings": _RTE_WORDINGS,
    "group": "sentence1",
}
"""What GLUE's rows and those first published share."""

RTE = pair(
    name="rte",
    description="Whether a sentence follows from a passage of news or an encyclopedia (RTE 1, 2, 3 "
    "and 5 in GLUE; Wang et al. 2019); labels by people.",
    source=Source(
        hub="nyu-mll/glue",
        config="rte",
        splits={"train": "train", "test": "validation"},
        hold_out={"validation": 0.1},
        licence="not stated (PASCAL RTE, in GLUE for research)",
    ),
    **_RTE,
    siblings=("pascal_rte",),
    specimens=(
        {"sentence1": "Ann sold the boat to Mia.", "sentence2": "Mia bought it.", "label": 0},
        {"sentence1": "Oil rose to 38 dollars. ", "sentence2": "Oil fell", "label": 1},
    ),
)
"""The prompt is::

    Premise: Ann sold the boat to Mia.
    Hypothesis: Mia bought it.
    Does the hypothesis follow from the premise?

with the choices `` yes`` and `` no``. The labels of the test split are hidden: the 277 published
validation rows are our test. Its train holds the test sets of RTE 1 to 3, which are the test of
``pascal_rte``: what has learned from the one must not be tested on the other.
"""

PASCAL_RTE = pair(
    name="pascal_rte",
    description="Whether a sentence follows from a passage of news or an encyclopedia (RTE 1 to 3 "
    "as first published; Dagan et al. 2006); labels by people.",
    source=Source(
        mirror="tasks/rte",
        splits={"train": "train", "test": "test"},
        hold_out={"validation": 0.1},
        licence="not stated (PASCAL RTE 1 to 3)",
    ),
    **_RTE,
    siblings=("rte",),
    specimens=(
        {"sentence1": "The river froze in 1947.", "sentence2": "A river froze.", "label": 0},
        {"sentence1": "Bonn was the capital. ", "sentence2": "Bonn is large", "label": 1},
    ),
)
"""As ``rte``, with the development sets as train and the test sets as test, in GLUE's schema, from
a mirror. Passages that the development sets have too are left out of test.
"""

SCITAIL = pair(
    name="scitail",
    description="Whether an answer to a science question, as a sentence, follows from a sentence "
    "found on the web (SciTail; Khot et al. 2018); labels by annotators.",
    source=Source(
        hub="allenai/scitail",
        config="tsv_format",
        licence="not stated on the Hub (Allen Institute for AI)",
    ),
    first="premise",
    second="hypothesis",
    first_name="Premise",
    second_name="Hypothesis",
    label="label",
    labels={"entails": "yes", "neutral": "no"},
    question=QUESTION,
    wordings=_wordings("entails", "neutral"),
    group="hypothesis",
    specimens=(
        {"premise": "Ice is water.", "hypothesis": "Ice is made of water.", "label": "entails"},
        {"premise": "Ice is cold.", "hypothesis": "Ice is made of water.", "label": "neutral"},
    ),
)
"""As ``rte``. Labels are words on the Hub, and there are all three splits. Premises that were found
for one hypothesis are a group.
"""

QNLI = pair(
    name="qnli",
    siblings=("squad", "squad_v2", "xquad_en"),
    description="Whether a sentence of a paragraph holds the answer to a question (QNLI in GLUE; "
    "Wang et al. 2019, from SQuAD); known from where the answer stands.",
    source=Source(
        hub="nyu-mll/glue",
        config="qnli",
        splits={"train": "train", "test": "validation"},
        hold_out={"validation": 0.02},
        licence="CC BY-SA 4.0 (SQuAD)",
    ),
    first="question",
    second="sentence",
    first_name="Question",
    second_name="Sentence",
    label="label",
    labels={"0": "yes", "1": "no"},
    question="Does the sentence hold the answer?",
    wordings={
        "question": {
            "first_name": "",
            "second_name": "",
            "question": "Does that leave the question settled or open?",
            "labels": {"0": "settled", "1": "open"},
        },
        "statement": {
            "first_name": "Asked",
            "second_name": "Found",
            "question": "What was found is",
            "labels": {"0": "an answer", "1": "beside the point"},
        },
        "lm_eval": written(
            "{question}\n{sentence}\nQuestion: Does this response answer the question?\nAnswer:",
            ("yes", "no"),
            lambda row: (row["question"].strip(), row["sentence"].strip()),
        ),
    },
    group="question",
    specimens=(
        {"question": "Where is Oslo?", "sentence": "Oslo lies in Norway.", "label": 0},
        {"question": "Who built it?", "sentence": "It is old. ", "label": 1},
    ),
)
"""The prompt is::

    Question: Where is Oslo?
    Sentence: Oslo lies in Norway.
    Does the sentence hold the answer?

with the choices `` yes`` and `` no``. The labels of the test split are hidden: the published
validation split is our test. Rows have no paragraph, so a question is a group.
"""
