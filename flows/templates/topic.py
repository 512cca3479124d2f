"""The task ``topic``: the rows of data/labels.csv, which has the columns ``text`` and ``label``.

Other columns: change TEXT and LABEL. Other kinds of tasks (two texts and a label, multiple choice,
reading, questions, summaries, translation …) are in ``tasks_to_text.kinds``; every file of this
folder is read, and defines TASK, or TASKS as a list.
"""

from pathlib import Path

from tasks_to_text.kinds import classification, labels_of
from tasks_to_text.source import Source

ROWS = Path(__file__).parents[1] / "data" / "labels.csv"
TEXT, LABEL = "text", "label"

# Every value of the label column is the word that the model reads for it. Better, write the
# dictionary by hand: then a label that is not in it is counted as a bad row, and numbers or
# abbreviations become words, as in {"0": "negative", "1": "positive"}.
LABELS = labels_of(ROWS, LABEL)

TASK = classification(
    name="topic",
    description="The topic of a text; the gold answer is the label that a person gave.",
    source=Source(
        path="data/labels.csv",
        # The file has no splits of its own, so 10 % of it decide on promotion (validation), 20 %
        # are only reported (test), and training never sees either. With files of your own for
        # them: path="data", splits={"train": "train.csv", "test": "test.csv"}, and so on.
        splits={"train": "labels.csv"},
        hold_out={"validation": 0.1, "test": 0.2},
        licence="own",
    ),
    text=TEXT,
    label=LABEL,
    labels=LABELS,
    question="Topic:",
    # Rows that belong together (one author, one ticket with its answers) must be on one side of
    # the split: name the column that tells them apart, or scores are better than the truth.
    group="",
    # A made-up row of the same form: it shows at once whether the task works.
    specimens=[{TEXT: "A text.", LABEL: next(iter(LABELS))}],
)
