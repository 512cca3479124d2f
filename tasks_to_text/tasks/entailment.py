"""Whether one text follows from another, contradicts it, or neither: three labels."""

from typing import Any

from tasks_to_text.kinds import pair
from tasks_to_text.labelled import Wording
from tasks_to_text.source import Source
from tasks_to_text.task import Row
from tasks_to_text.tasks.detokenize import penn
from tasks_to_text.tasks.written import written

LABELS = {"0": "true", "1": "neither", "2": "false"}
"""Entailment, neutral, contradiction: the ids of SNLI and MultiNLI."""
QUESTION = "True, false or neither?"
WORDINGS: dict[str, Wording] = {
    "question": {
        "first_name": "",
        "second_name": "",
        "question": "Is the second text right if the first one is?",
        "labels": {"0": "yes", "1": "maybe", "2": "no"},
    },
    "statement": {
        "first_name": "Fact",
        "second_name": "Claim",
        "question": "In the light of the fact the claim is",
        "labels": {"0": "certain", "1": "open", "2": "impossible"},
    },
}


def mnli_fields(row: Row) -> tuple[str, ...]:
    """Premise and hypothesis, without white space around them."""
    return row["premise"].strip(), row["hypothesis"].strip()


def mnli_harness(row: Row) -> str:
    """MultiNLI as lm-evaluation-harness asks it: the hypothesis ends with a full stop in any case.

    >>> mnli_harness({"premise": "It rains.", "hypothesis": "It pours"})
    'It rains.\\nQuestion: It pours. True, False or Neither?\\nAnswer:'
    """
    claim = row["hypothesis"].strip()
    stop = "" if claim.endswith(".") else "."
    return f"{row['premise']}\nQuestion: {claim}{stop} True, False or Neither?\nAnswer:"


_MNLI_WORDINGS: dict[str, Wording] = {
    **WORDINGS,
    "lm_eval": written(mnli_harness, ("True", "Neither", "False"), mnli_fields),
}

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
    labels=LABELS,
    question=QUESTION,
    wordings=WORDINGS,
    columns=("premise", "hypothesis"),
    group="premise",
    unseen=True,
    siblings=("breaking_nli", "multi30k_en_fr", "multi30k_fr_en", "sts_semeval", "stsb"),
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
lm-evaluation-harness has no SNLI.
"""

_MNLI: dict[str, Any] = {
    "first": "premise",
    "second": "hypothesis",
    "first_name": "Premise",
    "second_name": "Hypothesis",
    "label": "label",
    "labels": LABELS,
    "question": QUESTION,
    "wordings": _MNLI_WORDINGS,
    "group": "premise",
}
"""What matched and mismatched share."""

MNLI = pair(
    name="mnli",
    description="Whether a sentence follows from one out of ten kinds of writing and speech, "
    "contradicts it, or neither, where training has the same kinds (MultiNLI matched; Williams et "
    "al. 2018); the label of most annotators.",
    source=Source(
        hub="nyu-mll/multi_nli",
        splits={"train": "train", "test": "validation_matched"},
        hold_out={"validation": 0.01},
        licence="mixed: OANC, CC BY 3.0, CC BY-SA 3.0, MIT (one novel)",
    ),
    **_MNLI,
    siblings=("mnli_mismatched",),
    specimens=(
        {"premise": "Ann sings in a choir.", "hypothesis": "Ann never sings", "label": 2},
        {"premise": "Well, uh, it rained. ", "hypothesis": "It was wet.", "label": 0},
    ),
)
"""As ``snli``, of texts that are published as they were written. The labels of the test split are
hidden: the published validation split is our test, a hundredth of the premises of train (about
3,900 pairs) our validation.
"""

MNLI_MISMATCHED = pair(
    name="mnli_mismatched",
    description="Whether a sentence follows from one out of five kinds of writing and speech, "
    "contradicts it, or neither, where training has other kinds (MultiNLI mismatched; Williams et "
    "al. 2018); the label of most annotators.",
    source=Source(
        hub="nyu-mll/multi_nli",
        splits={"test": "validation_mismatched"},
        licence="mixed: OANC, CC BY 3.0, CC BY-SA 3.0, MIT (one novel)",
    ),
    **_MNLI,
    unseen=True,
    siblings=("mnli",),
    specimens=(
        {"premise": "The museum opens at ten.", "hypothesis": "It opens at nine", "label": 2},
        {"premise": "Dear friend, thank you. ", "hypothesis": "Somebody wrote.", "label": 0},
    ),
)
"""As ``mnli``, of other kinds of text. It has no training rows of its own; a model that has read
those of ``mnli`` has learned this very question.
"""

CB = pair(
    name="cb",
    description="Whether the writer of a passage is committed to a clause in it, to its contrary, "
    "or to neither (CommitmentBank; de Marneffe et al. 2019); labels by several annotators.",
    source=Source(
        hub="aps/super_glue",
        config="cb",
        mirror="tasks/cb",
        splits={"train": "train", "test": "validation"},
        hold_out={"validation": 0.1},
        licence="not stated (CommitmentBank, in SuperGLUE for research)",
    ),
    first=lambda row: penn(row["premise"]),
    second="hypothesis",
    first_name="Premise",
    second_name="Hypothesis",
    label="label",
    labels={"0": "true", "1": "false", "2": "neither"},
    question=QUESTION,
    wordings={
        "question": {
            "first_name": "",
            "second_name": "",
            "question": "Is that what the passage says?",
            "labels": {"0": "yes", "1": "no", "2": "maybe"},
        },
        "statement": {
            "first_name": "Passage",
            "second_name": "Claim",
            "question": "In the light of the passage the claim is",
            "labels": {"0": "certain", "1": "impossible", "2": "open"},
        },
        "lm_eval": written(
            "{premise}\nQuestion: {hypothesis}. True, False, or Neither?\nAnswer:",
            ("True", "False", "Neither"),
            lambda row: (penn(row["premise"]), row["hypothesis"].strip()),
        ),
    },
    columns=("premise",),
    specimens=(
        {
            "premise": "``I hope the cat is well.'' This was a lie.",
            "hypothesis": "it is",
            "label": 2,
        },
        {"premise": "B: Uh-huh. A: I know it works.", "hypothesis": "it works", "label": 0},
    ),
)
"""As ``snli``, but the ids are entailment, contradiction, neutral. The labels of the test split
are hidden: the 56 published validation rows are our test, a tenth of the 250 of train our
validation; both are too few for a narrow interval.
"""

BREAKING_NLI = pair(
    name="breaking_nli",
    description="Whether a caption in which one word is replaced follows from the original, "
    "contradicts it, or neither (Breaking NLI; Glockner et al. 2018); labels by annotators.",
    source=Source(mirror="tasks/breaking_nli", splits={"test": "test"}, licence="CC BY-SA 4.0"),
    first="premise",
    second="hypothesis",
    first_name="Premise",
    second_name="Hypothesis",
    label="label",
    labels=LABELS,
    question=QUESTION,
    wordings=WORDINGS,
    group="premise",
    unseen=True,
    siblings=("multi30k_en_fr", "multi30k_fr_en", "snli", "sts_semeval", "stsb"),
    specimens=(
        {"premise": "A man drinks gin.", "hypothesis": "A man drinks rum.", "label": 2},
        {"premise": "A big dog barks.", "hypothesis": "A large dog barks.", "label": 0},
    ),
)
"""As ``snli``, whose training premises it takes: what has learned from SNLI is tested on whether
it knows the words. 87 % are contradictions, so that a constant answer is hard to beat by accuracy.
No Hub has it: the rows are read from a mirror.
"""
