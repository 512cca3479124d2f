"""Whether a text is friendly or not."""

import dataclasses

from tasks_to_text.kinds import classification
from tasks_to_text.source import Source
from tasks_to_text.task import Row
from tasks_to_text.tasks.detokenize import penn


def sst2_text(row: Row) -> str:
    """A sentence in natural text; ``sentence`` in GLUE's schema, ``text`` on the Hub."""
    return penn(row["sentence"] if "sentence" in row else row["text"])


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
"""
