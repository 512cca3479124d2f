"""Questions about a passage.

Passages are shown whole. A prompt longer than the model's context loses its beginning, so a model
with a short context answers some of these questions without having seen what answers them.
"""

from tasks_to_text.kinds import pair, reading
from tasks_to_text.source import Source
from tasks_to_text.task import Row


def squad_passage(row: Row) -> str:
    """Title and paragraph; titles have underscores for spaces."""
    return f"Title: {row['title'].replace('_', ' ')}\nBackground: {row['context'].strip()}"


SQUAD_V2 = reading(
    name="squad_v2",
    description="A question about a paragraph of Wikipedia, half of them without an answer in it "
    "(Rajpurkar et al. 2018); answers by several readers.",
    source=Source(
        hub="rajpurkar/squad_v2",
        mirror="tasks/squad_v2",
        splits={"test": "validation"},
        licence="CC BY-SA 4.0",
    ),
    passage=squad_passage,
    question="question",
    answers=lambda row: row["answers"]["text"],
    columns=("id", "title", "context", "answers"),
    id="id",
    group="title",
    unseen=True,
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
)
"""The prompt is::

    Title: The Normans
    Background: The Normans settled in France.
    Question: Where did the Normans settle?
    Answer:

with the target `` France``, or `` unanswerable`` where there are no answers. Our test split is the
published validation split (that of test is hidden). An article is a group.
"""


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
