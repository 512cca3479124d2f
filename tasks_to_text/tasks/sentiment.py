"""Whether a text is friendly or not, and whether it judges at all."""

import dataclasses
import re

from tasks_to_text.fields import text
from tasks_to_text.kinds import classification
from tasks_to_text.source import Source
from tasks_to_text.task import Row
from tasks_to_text.tasks.detokenize import penn, wikitext
from tasks_to_text.tasks.written import written


def sst2_published(row: Row) -> str:
    """A sentence as it is published; ``sentence`` in GLUE's schema, ``text`` on the Hub."""
    return text("sentence" if "sentence" in row else "text", row)


def sst2_text(row: Row) -> str:
    """A sentence in natural text."""
    return penn(sst2_published(row))


def sst2_fields(row: Row) -> tuple[str, ...]:
    """The sentence alone."""
    return (sst2_text(row),)


def subj_text(row: Row) -> str:
    """A sentence in natural text. References to characters, published apart from their semicolon,
    are resolved; what follows stays apart, because nothing tells whether the word goes on.

    >>> subj_text({"text": "an expos&#233 ; by s&#227 ; o paulo 's \\" heroes \\" ."})
    'an exposé by sã o paulo\\'s "heroes".'
    """
    return wikitext(re.sub(r"&#(\d+) ;", lambda number: chr(int(number[1])), row["text"]))


_SST2 = classification(
    name="sst2",
    description="Whether a sentence of a film review is negative or positive (SST-2, whole "
    "sentences; Socher et al. 2013); labels by readers.",
    source=Source(
        hub="SetFit/sst2",
        mirror="tasks/sst2",
        licence="not stated (Stanford Sentiment Treebank, redistributed for research)",
    ),
    text=sst2_text,
    label="label",
    labels={"0": "negative", "1": "positive"},
    question="Sentiment:",
    wordings={
        "question": {"question": "Does the writer like it?", "labels": {"0": "no", "1": "yes"}},
        "statement": {"question": "The film is", "labels": {"0": "bad", "1": "good"}},
        "gpt1": written(
            lambda row: f"{sst2_text(row)} very", ("negative", "positive"), sst2_fields
        ),
        "lm_eval": written(
            lambda row: (
                f"{sst2_published(row)}\nQuestion: Is this sentence positive or negative?\nAnswer:"
            ),
            ("negative", "positive"),
            sst2_fields,
        ),
    },
    siblings=("sst5", "subj"),
    specimens=(
        {"idx": 0, "sentence": "it does n't work , and it 's `` long '' .", "label": 0},
        {"idx": 1, "sentence": "a stirring , funny film", "label": 1},
    ),
)
SST2 = dataclasses.replace(_SST2, columns=())
"""``{"sentence": "it 's long .", "label": 0}`` becomes ``it's long.\\nSentiment:`` with the choices
`` negative`` and `` positive``.

The rows are the 6920 / 872 / 1821 whole sentences with labels in all splits; GLUE's form has
phrases in train and hides the labels of test. No columns are named, so that both schemas are read.
``gpt1`` is the zero-shot form of GPT-1 (Radford et al. 2018, section 5): the sentence, the word
``very``, and which of two words comes next.
"""

SST5 = classification(
    name="sst5",
    description="How negative or positive a sentence of a film review is, on five steps (SST-5; "
    "Socher et al. 2013); labels by readers.",
    source=Source(
        hub="SetFit/sst5",
        mirror="tasks/sst5",
        licence="not stated (Stanford Sentiment Treebank, redistributed for research)",
    ),
    text=lambda row: penn(row["text"]),
    label="label",
    labels={
        "0": "very negative",
        "1": "negative",
        "2": "neutral",
        "3": "positive",
        "4": "very positive",
    },
    question="Sentiment:",
    wordings={
        "statement": {
            "question": "The film is",
            "labels": {"0": "terrible", "1": "bad", "2": "okay", "3": "good", "4": "great"},
        },
        "stars": {
            "question": "Stars, from 1 to 5:",
            "labels": {"0": "1", "1": "2", "2": "3", "3": "4", "4": "5"},
        },
    },
    columns=("text",),
    siblings=("sst2", "subj"),
    specimens=(
        {"text": "not worth a ticket .", "label": 1},
        {"text": "one of the `` best '' films i 've seen -lrb- ever -rrb- .", "label": 4},
    ),
)
"""The prompt is that of ``sst2``, the choices are `` very negative`` … `` very positive``. The
sentences are those of ``sst2`` and the neutral ones, divided alike: what has learned from the one
has seen no test sentence of the other, but is not new to the task.
"""

SUBJ = classification(
    name="subj",
    description="Whether a sentence judges a film or tells its plot (Pang and Lee 2004); known "
    "from the kind of page that it stood on.",
    source=Source(
        hub="SetFit/subj",
        mirror="tasks/subj",
        splits={"train": "train", "test": "test"},
        hold_out={"validation": 0.1},
        licence="not stated (Pang and Lee, for research)",
    ),
    text=subj_text,
    label="label_text",
    labels={"subjective": "an opinion", "objective": "a fact"},
    question="This is",
    wordings={
        "question": {
            "question": "Does the writer judge the film?",
            "labels": {"subjective": "yes", "objective": "no"},
        },
        "statement": {
            "question": "The sentence is from a",
            "labels": {"subjective": "review", "objective": "summary of the plot"},
        },
    },
    columns=("text",),
    siblings=("sst2", "sst5"),
    specimens=(
        {"text": "it 's a charming film .", "label": 0, "label_text": "subjective"},
        {"text": "a teacher moves to bogot&#225 ; .", "label": 1, "label_text": "objective"},
    ),
)
"""``{"text": "it 's a charming film .", "label_text": "subjective"}`` becomes ``it's a charming
film.\\nThis is`` with the choices `` an opinion`` and `` a fact``. The published set has no splits:
2,000 sentences are test in the mirror by a division of its own, so scores from the mirror and from
the Hub are not of the same rows. Labels are read as words, whose numbers copies disagree on.
"""
