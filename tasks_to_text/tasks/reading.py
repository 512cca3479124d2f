"""Questions about a passage.

Passages are shown whole. A prompt longer than the model's context loses its beginning, so a model
with a short context answers some of these questions without having seen what answers them.
"""

from typing import Any

from tasks_to_text.kinds import Shape, pair, reading
from tasks_to_text.source import Source
from tasks_to_text.task import Row
from tasks_to_text.tasks import harness


def squad_passage(row: Row) -> str:
    """Title and paragraph; titles have underscores for spaces."""
    return f"Title: {row['title'].replace('_', ' ')}\nBackground: {row['context'].strip()}"


_SQUAD: dict[str, Any] = {
    "passage": squad_passage,
    "question": "question",
    "answers": lambda row: row["answers"]["text"],
    "columns": ("id", "title", "context", "answers"),
    "id": "id",
    "group": "title",
    "unseen": True,
}
"""What the sets in the schema of SQuAD share."""
_BRIEF = {"passage": "context", "asks": "Q", "answered": "A"}


def squad_v2_in_harness(row: Row) -> Shape:
    """As lm-evaluation-harness: blank lines between the parts."""
    parts = (
        f"Title: {row['title']}",
        f"Background: {row['context']}",
        f"Question: {row['question']}",
        "Answer:",
    )
    return harness.written("\n\n".join(parts), row["answers"]["text"] or ["unanswerable"])


def xquad_in_harness(row: Row) -> Shape:
    """As lm-evaluation-harness: blank lines between the parts, no title."""
    parts = (f"Context: {row['context']}", f"Question: {row['question']}", "Answer:")
    return harness.written("\n\n".join(parts), row["answers"]["text"])


SQUAD_V2 = reading(
    name="squad_v2",
    siblings=("qnli", "squad", "xquad_en"),
    description="A question about a paragraph of Wikipedia, half of them without an answer in it "
    "(Rajpurkar et al. 2018); answers by several readers.",
    source=Source(
        hub="rajpurkar/squad_v2",
        mirror="tasks/squad_v2",
        splits={"test": "validation"},
        licence="CC BY-SA 4.0",
    ),
    wordings={
        "brief": _BRIEF,
        "offered": {"question": "{question} (If the text does not say: unanswerable.)"},
        "lm_eval": squad_v2_in_harness,
    },
    specimens=(
        {
            "id": "a",
            "title": "The_Normans",
            "context": "The Normans settled in France.",
            "question": "Where did the Normans settle?",
            "answers": {"text": ["France", "in France", "France"], "answer_start": [23, 20, 23]},
        },
        {
            "id": "b",
            "title": "The_Normans",
            "context": "The Normans settled in France.",
            "question": "When did they leave?",
            "answers": {"text": [], "answer_start": []},
        },
    ),
    **_SQUAD,
)
"""The prompt is::

    Title: The Normans
    Background: The Normans settled in France.
    Question: Where did the Normans settle?
    Answer:

with the target `` France``, or `` unanswerable`` where there are no answers. Our test split is the
published validation split (that of test is hidden). An article is a group.
"""

SQUAD = reading(
    name="squad",
    siblings=("qnli", "squad_v2", "xquad_en"),
    description="A question about a paragraph of Wikipedia (SQuAD 1.1; Rajpurkar et al. 2016); "
    "answers by several readers.",
    source=Source(hub="rajpurkar/squad", splits={"test": "validation"}, licence="CC BY-SA 4.0"),
    unanswerable="",
    wordings={"brief": _BRIEF},
    specimens=(
        {
            "id": "a",
            "title": "The_Normans",
            "context": "The Normans settled in France.",
            "question": "Where did the Normans settle?",
            "answers": {"text": ["France", "in France"], "answer_start": [23, 20]},
        },
    ),
    **_SQUAD,
)
"""In the wording of ``squad_v2``; every question has an answer. Our test split is the published
validation split."""

XQUAD_EN = reading(
    name="xquad_en",
    siblings=("qnli", "squad", "squad_v2"),
    description="A question about a paragraph of Wikipedia (the English part of XQuAD, which is a "
    "part of SQuAD 1.1; Artetxe et al. 2020); an answer by a reader.",
    source=Source(
        hub="google/xquad",
        config="xquad.en",
        mirror="tasks/xquad_en",
        splits={"test": "validation"},
        licence="CC BY-SA 4.0",
    ),
    unanswerable="",
    wordings={"brief": _BRIEF, "lm_eval": xquad_in_harness},
    specimens=(
        {
            "id": "a",
            "title": "The_Normans",
            "context": "The Normans settled in France.",
            "question": "Where did the Normans settle?",
            "answers": {"text": ["France"], "answer_start": [23]},
        },
    ),
    **_SQUAD,
)
"""In the wording of ``squad_v2``. Its rows are among those of ``squad``, partly of ``squad_v2``."""


def boolq_in_harness(row: Row) -> Shape:
    """As lm-evaluation-harness (its ``boolq`` of SuperGLUE): no word before the passage."""
    context = f"{row['passage']}\nQuestion: {row['question']}?\nAnswer:"
    return harness.ranked(context, ("no", "yes"), int(row["answer"]))


BOOLQ = pair(
    name="boolq",
    description="A yes/no question about a paragraph of Wikipedia (Clark et al. 2019); the answer "
    "of an annotator.",
    source=Source(
        hub="google/boolq",
        mirror="tasks/boolq",
        splits={"test": "validation"},
        licence="CC BY-SA 3.0",
    ),
    first="passage",
    second="{question}?",
    first_name="Passage",
    second_name="Question",
    label="answer",
    labels={"False": "no", "True": "yes"},
    question="Answer:",
    wordings={
        "true_or_false": {
            "question": "True or false?",
            "labels": {"False": "false", "True": "true"},
        },
        "yes_or_no": {"first_name": "", "question": "Yes or no?"},
        "lm_eval": boolq_in_harness,
    },
    group="passage",
    unseen=True,
    specimens=({"question": "is ice cold", "answer": True, "passage": "Ice is water below 0 °C."},),
)
"""The prompt is::

    Passage: Ice is water below 0 °C.
    Question: is ice cold?
    Answer:

with the choices `` no`` and `` yes``. Our test split is the published validation split. Of a
mirror's rows it must be said how they were chosen: the published ones are 62 % yes.
"""
