"""Whether one text follows from another."""

from tasks_to_text.kinds import pair
from tasks_to_text.source import Source
from tasks_to_text.tasks.detokenize import penn

SNLI = pair(
    name="snli",
    description="Whether a sentence follows from the caption of a picture, contradicts it, or "
    "neither (Bowman et al. 2015); the label of most annotators.",
    source=Source(
        hub="stanfordnlp/snli",
        mirror="tasks/snli",
        splits={"validation": "validation", "test": "test"},
        max_bad_share=0.02,
        licence="CC BY-SA 4.0",
    ),
    first=lambda row: penn(row["premise"]),
    second=lambda row: penn(row["hypothesis"]),
    first_name="Premise",
    second_name="Hypothesis",
    label="label",
    labels={"0": "true", "1": "neither", "2": "false"},
    question="True, false or neither?",
    columns=("premise", "hypothesis"),
    group="premise",
    unseen=True,
    specimens=(
        {"premise": "A man , in blue , sings .", "hypothesis": "Nobody sings .", "label": 2},
    ),
)
"""The prompt is::

    Premise: A man, in blue, sings.
    Hypothesis: Nobody sings.
    True, false or neither?

with the choices `` true``, `` neither`` and `` false``. Pairs that annotators disagreed on have the
label -1 on the Hub (1.8 % of a split) and are rejected. Hypotheses of one premise are a group.
"""
