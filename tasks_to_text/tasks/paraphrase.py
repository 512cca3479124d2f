"""Whether two texts say, or ask, the same; and how much they have in common."""

from typing import Any

from tasks_to_text.kinds import pair, rating
from tasks_to_text.source import Source
from tasks_to_text.tasks.written import written

MRPC = pair(
    name="mrpc",
    description="Whether two sentences of news say the same (Microsoft Research Paraphrase Corpus; "
    "Dolan and Brockett 2005); labels by two people and a third.",
    source=Source(
        hub="nyu-mll/glue",
        config="mrpc",
        mirror="tasks/mrpc",
        splits={"train": "train", "test": "test"},
        hold_out={"validation": 0.1},
        licence="MSR-SSLA (non-commercial)",
    ),
    first="sentence1",
    second="sentence2",
    first_name="First",
    second_name="Second",
    label="label",
    labels={"0": "no", "1": "yes"},
    question="Do both say the same?",
    symmetric=True,
    metrics=("acc", "f1_label"),
    wordings={
        "question": {
            "first_name": "",
            "second_name": "",
            "question": "Is it true or false that both report one thing?",
            "labels": {"0": "false", "1": "true"},
        },
        "statement": {
            "first_name": "One paper",
            "second_name": "Another paper",
            "question": "What they report is",
            "labels": {"0": "different", "1": "the same"},
        },
        "lm_eval": written(
            "Sentence 1: {sentence1}\nSentence 2: {sentence2}\n"
            "Question: Do both sentences mean the same thing?\nAnswer:",
            ("no", "yes"),
            lambda row: (row["sentence1"].strip(), row["sentence2"].strip()),
        ),
    },
    group="sentence2",
    siblings=("sts_semeval", "stsb"),
    specimens=(
        {"sentence1": "Oil fell on Monday.", "sentence2": "Monday saw oil fall.", "label": 1},
        {"sentence1": "Shares rose 2 percent. ", "sentence2": "Shares fell.", "label": 0},
    ),
)
"""The prompt is::

    First: Oil fell on Monday.
    Second: Monday saw oil fall.
    Do both say the same?

with the choices `` no`` and `` yes``; F1 is that of ``yes``, two thirds of the rows. The mirror has
the 4,076 training rows as first published, of which the Hub keeps 408 apart as a validation split;
test has the labels of all its 1,725. Second sentences recur, so they are groups: 128 of test,
whose second sentence train has too, are left out.
"""

QQP = pair(
    name="qqp",
    description="Whether two questions to a forum ask the same (Quora Question Pairs; Iyer et al. "
    "2017, in GLUE); labels by people.",
    source=Source(
        hub="nyu-mll/glue",
        config="qqp",
        splits={"train": "train", "test": "validation"},
        hold_out={"validation": 0.01},
        licence="not stated (Quora's terms: non-commercial)",
    ),
    first="question1",
    second="question2",
    first_name="First",
    second_name="Second",
    label="label",
    labels={"0": "no", "1": "yes"},
    question="Do both ask the same?",
    symmetric=True,
    metrics=("acc", "f1_label"),
    wordings={
        "question": {
            "first_name": "",
            "second_name": "",
            "question": "Is it true or false that one answer serves both?",
            "labels": {"0": "false", "1": "true"},
        },
        "statement": {
            "first_name": "Asked before",
            "second_name": "Asked now",
            "question": "The new question is",
            "labels": {"0": "another one", "1": "a repetition"},
        },
        "lm_eval": written(
            "Question 1: {question1}\nQuestion 2: {question2}\n"
            "Question: Do both questions ask the same thing?\nAnswer:",
            ("no", "yes"),
            lambda row: (row["question1"].strip(), row["question2"].strip()),
        ),
    },
    group="question1",
    specimens=(
        {"question1": "How tall is Ann?", "question2": "What is Ann's height?", "label": 1},
        {"question1": "Why is it cold? ", "question2": "Is it cold?", "label": 0},
    ),
)
"""As ``mrpc``, of questions. The labels of the test split are hidden: the published validation
split is our test, a hundredth of the first questions of train our validation. Pairs that share
only their second question can still lie in different splits.
"""

_CAPTIONS = ("breaking_nli", "multi30k_en_fr", "multi30k_fr_en", "snli")
"""Tasks with captions of Flickr30k, of which the SemEval sets have some too."""
_STS: dict[str, Any] = {
    "first": "sentence1",
    "second": "sentence2",
    "score": "label",
    "lowest": 0,
    "highest": 5,
    "first_name": "First",
    "second_name": "Second",
    "question": "Alike, from 0 to 5:",
    "wordings": {
        "question": {
            "first_name": "",
            "second_name": "",
            "question": "How much do these two have in common, out of 5?",
        },
        "statement": {
            "first_name": "One",
            "second_name": "Other",
            "question": "On a scale up to 5, their likeness is",
        },
    },
    "group": "sentence1",
}
"""What both sets of similarity share."""

STSB = rating(
    name="stsb",
    description="How much two sentences mean the same, from 0 to 5 (STS benchmark; Cer et al. "
    "2017, in GLUE); the mean of several people's scores.",
    source=Source(
        hub="nyu-mll/glue",
        config="stsb",
        splits={"train": "train", "test": "validation"},
        hold_out={"validation": 0.1},
        licence="CC BY-SA 4.0 in parts (STS benchmark, of many sources)",
    ),
    **_STS,
    siblings=("mrpc", "sts_semeval", *_CAPTIONS),
    specimens=(
        {"sentence1": "A cat sleeps.", "sentence2": "A cat is asleep.", "label": 4.8},
        {"sentence1": "A cat sleeps.", "sentence2": "A dog barks.", "label": 0.5},
    ),
)
"""The prompt is::

    First: A cat sleeps.
    Second: A cat is asleep.
    Alike, from 0 to 5:

with the choices `` 0`` … `` 5``; 4.8 has the target `` 5`` and the reference ``4.8``. The scores of
the test split are hidden: the published validation split is our test. lm-evaluation-harness has no
STS-B.
"""

STS_SEMEVAL = rating(
    name="sts_semeval",
    description="How much two sentences mean the same, from 0 to 5 (SemEval STS 2012 to 2016; "
    "Agirre et al. 2016); the mean of several people's scores.",
    source=Source(
        mirror="tasks/sts_semeval",
        splits={"train": "train", "test": "test"},
        hold_out={"validation": 0.1},
        licence="not stated (SemEval STS, of many sources)",
    ),
    **_STS,
    siblings=("mrpc", "stsb", *_CAPTIONS),
    specimens=(
        {"sentence1": "Rain is near.", "sentence2": "It will rain soon.", "label": 4.25},
        {"sentence1": "Rain is near.", "sentence2": "Snow is white.", "label": 0.5},
    ),
)
"""As ``stsb``, with the years 2012 to 2015 as train and 2016 as test, from a mirror. The STS
benchmark took its rows from these: what has learned from the one must not be tested on the other.
"""
