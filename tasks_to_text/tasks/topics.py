"""What a text is about, or a question asks for."""

from tasks_to_text.kinds import classification
from tasks_to_text.source import Source
from tasks_to_text.task import Row
from tasks_to_text.tasks.detokenize import penn


def ag_news_text(row: Row) -> str:
    """Title and first sentences; backslashes stand for line ends in the published text."""
    return " ".join(row["text"].replace("\\", " ").split())


AG_NEWS = classification(
    name="ag_news",
    description="Which of four topics a news item is about (Zhang et al. 2015); the section that "
    "it stood in.",
    source=Source(
        hub="fancyzhx/ag_news",
        mirror="tasks/ag_news",
        splits={"test": "test"},
        licence="not stated (AG's corpus: non-commercial use with attribution)",
    ),
    text=ag_news_text,
    label="label",
    labels={"0": "world", "1": "sports", "2": "business", "3": "technology"},
    question="Topic:",
    wordings={
        "question": {
            "question": "Which section of the paper is it from?",
            "labels": {"0": "World", "1": "Sports", "2": "Business", "3": "Technology"},
        },
        "statement": {
            "question": "This is news about",
            "labels": {"0": "the world", "1": "sport", "2": "the economy", "3": "science"},
        },
    },
    columns=("text",),
    unseen=True,
    specimens=({"text": "Shares fall Prices\\fell on Monday.", "label": 2},),
)
"""The prompt is the text, a line end and ``Topic:``; only the test split is used, so the task is
unseen by construction."""


TREC = classification(
    name="trec",
    description="Which of six things a question asks for (TREC-6; Li and Roth 2002); labels by "
    "people.",
    source=Source(
        mirror="tasks/trec",
        splits={"train": "train", "test": "test"},
        hold_out={"validation": 0.1},
        licence="not stated (Li and Roth, UIUC)",
    ),
    text=lambda row: penn(row["text"]),
    label="coarse_label",
    labels={
        "0": "an abbreviation",
        "1": "a thing",
        "2": "a description",
        "3": "a person",
        "4": "a place",
        "5": "a number",
    },
    question="This question asks for",
    wordings={
        "answer": {
            "question": "Kind of answer:",
            "labels": {
                "0": "abbreviation",
                "1": "thing",
                "2": "description",
                "3": "person",
                "4": "place",
                "5": "number",
            },
        },
        "statement": {
            "question": "Whoever asks this wants to know",
            "labels": {
                "0": "a short form",
                "1": "what it is",
                "2": "how or why",
                "3": "who",
                "4": "where",
                "5": "how many or when",
            },
        },
    },
    columns=("text",),
    specimens=({"text": "What 's the term for `` a young fox '' ?", "coarse_label": 1},),
)
"""``{"text": "Who is he ?", "coarse_label": 3}`` becomes ``Who is he?\\nThis question asks for``
with the choices `` a person`` and five others.

The schema is that of ``CogComp/trec``, which the Hub has as a script only: it is read from a
mirror. A tenth of train becomes validation, which the dataset lacks.
"""
