"""Questions of science for schools, with several answers to choose from."""

from tasks_to_text.kinds import Shape, multiple_choice
from tasks_to_text.source import Source
from tasks_to_text.task import Row, Task
from tasks_to_text.tasks import harness
from tasks_to_text.tasks.wording import place


def gold_of(row: Row) -> int:
    """Where the right one of ``{choices: {text, label}, answerKey}`` stands: labels are letters, or
    the digits of the examination that a question comes from.
    """
    return place(row["answerKey"].strip(), row["choices"]["label"])


def arc_in_harness(row: Row) -> Shape:
    """As lm-evaluation-harness: the question and ``Answer:``."""
    context = f"Question: {row['question']}\nAnswer:"
    return harness.ranked(context, row["choices"]["text"], gold_of(row))


def _arc(name: str, config: str, which: str, specimen: Row) -> Task:
    return multiple_choice(
        name=name,
        siblings=("arc_easy" if name == "arc_challenge" else "arc_challenge",),
        description=f"A question of science from an examination, grades 3 to 9, {which} (Clark et "
        "al. 2018); answers by its makers.",
        source=Source(
            hub="allenai/ai2_arc",
            config=config,
            mirror=f"tasks/{name}",
            splits={"train": "train", "test": "test"},
            hold_out={"validation": 0.1},
            licence="CC BY-SA 4.0",
        ),
        prompt="Question: {question}\nAnswer:",
        choices=lambda row: row["choices"]["text"],
        gold=gold_of,
        fields=("question",),
        columns=("choices", "answerKey"),
        wordings={
            "letters": {"prompt": "Question: {question}", "letters": True},
            "lm_eval": arc_in_harness,
        },
        group="question",
        specimens=(specimen,),
    )


ARC_EASY = _arc(
    "arc_easy",
    "ARC-Easy",
    "that simple methods answer",
    {
        "question": "What melts ice?",
        "choices": {"text": ["heat", "frost", "snow"], "label": ["1", "2", "3"]},
        "answerKey": "1",
    },
)
"""The prompt is::

    Question: What melts ice?
    Answer:

with the choices `` heat``, `` frost`` and `` snow``. Most questions have four choices, a few three
or five. A tenth of train is held out for validation, because a mirror may lack the published split.
"""
ARC_CHALLENGE = _arc(
    "arc_challenge",
    "ARC-Challenge",
    "that simple methods do not answer",
    {
        "question": "What does ice become when it is heated?",
        "choices": {"text": ["steel", "water", "glass", "salt"], "label": ["A", "B", "C", "D"]},
        "answerKey": "B",
    },
)
"""In the wording of ``arc_easy``."""

OPENBOOKQA = multiple_choice(
    name="openbookqa",
    description="A question that takes a fact of elementary science and common knowledge together "
    "(Mihaylov et al. 2018); answers by its makers.",
    source=Source(
        hub="allenai/openbookqa",
        config="main",
        mirror="tasks/openbookqa",
        splits={"train": "train", "test": "test"},
        hold_out={"validation": 0.1},
        licence="Apache-2.0",
    ),
    prompt="question_stem",
    choices=lambda row: row["choices"]["text"],
    gold=gold_of,
    metrics=("acc_norm", "acc"),
    columns=("choices", "answerKey"),
    wordings={
        "asked": {"prompt": "Question: {question_stem}\nAnswer:"},
        "letters": {"prompt": "Question: {question_stem}", "letters": True},
        "lm_eval": lambda row: harness.ranked(
            row["question_stem"], row["choices"]["text"], gold_of(row)
        ),
    },
    specimens=(
        {
            "question_stem": "The sun is responsible for",
            "choices": {
                "text": ["puppies", "old age", "wilting", "plants sprouting"],
                "label": ["A", "B", "C", "D"],
            },
            "answerKey": "D",
        },
    ),
)
"""``The sun is responsible for`` with the choices `` puppies`` and so on: many questions are the
beginning of a sentence. The published fact of each question is not shown. Beginnings such as *Which
is true?* come several times with other choices: they are no group."""
