"""Questions that everyday knowledge answers, with several answers to choose from."""

from tasks_to_text.kinds import Shape, multiple_choice
from tasks_to_text.source import Source
from tasks_to_text.task import Row
from tasks_to_text.tasks import harness
from tasks_to_text.tasks.science import gold_of

PIQA = multiple_choice(
    name="piqa",
    description="Which of two ways reaches a practical goal (Bisk et al. 2020); by annotators.",
    source=Source(
        hub="baber/piqa",
        mirror="tasks/piqa",
        splits={"test": "validation"},
        licence="AFL-3.0",
    ),
    prompt="Goal: {goal}\nSolution:",
    choices=lambda row: [row["sol1"], row["sol2"]],
    gold="label",
    fields=("goal",),
    metrics=("acc", "acc_norm"),
    columns=("sol1", "sol2"),
    wordings={
        "asked": {"prompt": "Question: {goal}\nAnswer:"},
        "letters": {"prompt": "Goal: {goal}\nWhich solution is right?", "letters": True},
        "lm_eval": lambda row: harness.ranked(
            f"Question: {row['goal']}\nAnswer:", [row["sol1"], row["sol2"]], int(row["label"])
        ),
    },
    group="goal",
    unseen=True,
    specimens=(
        {"goal": "open a jar", "sol1": "Twist the lid.", "sol2": "Twist the shelf.", "label": 0},
    ),
)
"""The prompt is::

    Goal: open a jar
    Solution:

with the choices `` Twist the lid.`` and `` Twist the shelf.``. Our test split is the published
validation split; rows of one goal are a group.
"""


def commonsense_qa_in_harness(row: Row) -> Shape:
    """As lm-evaluation-harness: five options listed, letters as answers."""
    letters, options = "ABCDE", row["choices"]["text"]
    listing = "\n".join(f"{letters[place]}. {options[place]}" for place in range(5))
    context = f"Question: {row['question'].strip()}\n{listing}\nAnswer:"
    return harness.ranked(context, letters, letters.index(row["answerKey"]))


COMMONSENSE_QA = multiple_choice(
    name="commonsense_qa",
    description="A question about how one thing relates to another, with five answers that are "
    "all related to it (Talmor et al. 2019); by annotators.",
    source=Source(
        hub="tau/commonsense_qa",
        mirror="tasks/commonsense_qa",
        splits={"test": "validation"},
        max_bad_share=0.03,
        licence="MIT",
    ),
    prompt="Question: {question}\nAnswer:",
    choices=lambda row: row["choices"]["text"],
    gold=gold_of,
    fields=("question",),
    metrics=("acc", "acc_norm"),
    columns=("choices", "answerKey"),
    wordings={
        "letters": {"prompt": "Question: {question}", "letters": True},
        "lm_eval": commonsense_qa_in_harness,
    },
    group="question",
    unseen=True,
    specimens=(
        {
            "question": "Where does one borrow books?",
            "choices": {
                "text": ["bank", "library", "mall", "bakery", "garden"],
                "label": ["A", "B", "C", "D", "E"],
            },
            "answerKey": "B",
        },
    ),
)
"""Our test split is the published validation split. In 2 % of its rows two choices are the same
text: nothing tells them apart, so they are rejected. The harness keeps them, as its answers are
letters."""


def social_i_qa_in_harness(row: Row) -> Shape:
    """As lm-evaluation-harness: situation and question on one line, with ``Q:`` and ``A:``."""
    context = f"Q: {row['context']} {row['question']}\nA:"
    return harness.ranked(context, _answers(row), int(row["label"]) - 1)


def _answers(row: Row) -> list[str]:
    return [row["answerA"], row["answerB"], row["answerC"]]


SOCIAL_I_QA = multiple_choice(
    name="social_i_qa",
    description="Why people do what they do, and what comes of it (Sap et al. 2019); by "
    "annotators.",
    source=Source(
        hub="lighteval/siqa",
        mirror="tasks/social_i_qa",
        splits={"test": "validation"},
        licence="CC BY 4.0",
    ),
    prompt="{context}\nQuestion: {question}\nAnswer:",
    choices=_answers,
    gold=lambda row: int(row["label"]) - 1,
    fields=("context", "question"),
    metrics=("acc", "acc_norm"),
    columns=("answerA", "answerB", "answerC", "label"),
    wordings={
        "letters": {"prompt": "{context}\nQuestion: {question}", "letters": True},
        "lm_eval": social_i_qa_in_harness,
    },
    group="context",
    unseen=True,
    specimens=(
        {
            "context": "Ann gave Bo an apple.",
            "question": "How will Bo feel?",
            "answerA": "angry",
            "answerB": "glad",
            "answerC": "lost",
            "label": "2",
        },
    ),
)
"""The prompt is::

    Ann gave Bo an apple.
    Question: How will Bo feel?
    Answer:

Our test split is the published validation split; questions about one situation are a group.
"""
