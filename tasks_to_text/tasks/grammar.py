"""Which of two sentences is grammatical."""

from tasks_to_text.kinds import multiple_choice
from tasks_to_text.source import Source
from tasks_to_text.task import Row


def blimp_choices(row: Row) -> list[str]:
    """Both sentences in alphabetical order, which says nothing of which is right."""
    return sorted((row["sentence_good"], row["sentence_bad"]))


def blimp_gold(row: Row) -> int:
    """Where the grammatical one stands."""
    return blimp_choices(row).index(row["sentence_good"])


BLIMP = multiple_choice(
    name="blimp",
    description="Which of two sentences that differ in little is grammatical (BLiMP; Warstadt et "
    "al. 2020); made by rules, confirmed by people.",
    source=Source(mirror="tasks/blimp", splits={"test": "test"}, licence="CC BY 4.0"),
    prompt=None,
    choices=blimp_choices,
    gold=blimp_gold,
    metrics=("acc",),
    columns=("sentence_good", "sentence_bad"),
    group="UID",
    unseen=True,
    specimens=(
        {
            "sentence_good": "These cats sleep.",
            "sentence_bad": "These cats sleeps.",
            "UID": "regular_plural_subject_verb_agreement_1",
        },
    ),
)
"""The prompt is empty and the choices are the whole sentences, compared by their summed
log-likelihood. A paradigm (67 of them) is a group, so intervals are over paradigms.

Without a prompt the baseline *choices only* is the model itself. The Hub has each paradigm as a
configuration of ``nyu-mll/blimp``: all at once are read from a mirror.
"""
