"""Whether a speaker would say a sentence."""

from tasks_to_text.kinds import classification
from tasks_to_text.source import Source
from tasks_to_text.tasks.written import written

COLA = classification(
    name="cola",
    description="Whether a sentence from the literature of linguistics is acceptable English "
    "(CoLA; Warstadt et al. 2019); the mark of its author.",
    source=Source(
        hub="nyu-mll/glue",
        config="cola",
        mirror="tasks/cola",
        splits={"train": "train", "test": "validation"},
        hold_out={"validation": 0.1},
        licence="not stated (sentences of the publications that they are from)",
    ),
    text="sentence",
    label="label",
    labels={"0": "no", "1": "yes"},
    question="Would a native speaker say that?",
    metrics=("mcc", "acc"),
    wordings={
        "question": {
            "question": "Is it good or bad English?",
            "labels": {"0": "bad", "1": "good"},
        },
        "statement": {
            "question": "The grammar of this sentence is",
            "labels": {"0": "wrong", "1": "right"},
        },
        "lm_eval": written(
            "{sentence}\nQuestion: Does this sentence make sense?\nAnswer:",
            ("no", "yes"),
            lambda row: (row["sentence"].strip(),),
        ),
    },
    specimens=(
        {"sentence": "She fed the cat.", "label": 1},
        {"sentence": "Ann said that herself had won.", "label": 0},
    ),
)
"""``{"sentence": "She fed the cat.", "label": 1}`` becomes ``She fed the cat.\\nWould a native
speaker say that?`` with the choices `` no`` and `` yes``. Seven of ten sentences are acceptable, so
the headline is Matthews' correlation, 0 for any constant answer.

The labels of the test split are hidden: the published validation split (in and out of domain) is
our test. Rows do not say which publication they are from, so minimal pairs can lie in different
splits. GPT-1's zero-shot form, the mean log-probability of the sentence against a threshold, is
another protocol.
"""
