"""Questions whose answers must be worked out."""

import re

from tasks_to_text.fields import Unusable
from tasks_to_text.kinds import Shape, question_answering
from tasks_to_text.source import Source
from tasks_to_text.task import Row

_CALCULATION = re.compile(r"<<[^<>]*>>")
_RESULT = "####"


def gsm8k_number(row: Row) -> str:
    """The number after ``####``, without the commas of thousands.

    >>> gsm8k_number({"answer": "She has 2 * 600 = <<2*600=1200>>1,200.\\\\n#### 1,200"})
    '1200'
    """
    _, mark, number = row["answer"].rpartition(_RESULT)
    if not mark or not number.strip():
        raise Unusable("no answer")
    return str(number.strip().replace(",", ""))


def gsm8k_worked(row: Row) -> Shape:
    """The solution on one line before the number, without the notes for a calculator."""
    steps = _CALCULATION.sub("", row["answer"].rpartition(_RESULT)[0])
    asked, number = " ".join(row["question"].split()), gsm8k_number(row)
    return Shape(
        prompt=f"Question: {asked}\nAnswer:",
        target=f" {' '.join(steps.split())} {_RESULT} {number}",
        references=(number,),
        segments=(asked,),
    )


GSM8K = question_answering(
    name="gsm8k",
    description="A word problem of school arithmetic (Cobbe et al. 2021); solutions by people.",
    source=Source(
        hub="openai/gsm8k",
        config="main",
        mirror="tasks/gsm8k",
        splits={"train": "train", "test": "test"},
        hold_out={"validation": 0.1},
        licence="MIT",
    ),
    question="question",
    answers=gsm8k_number,
    columns=("answer",),
    metrics=("number_match",),
    wordings={"worked": gsm8k_worked},
    max_tokens=160,
    specimens=(
        {
            "question": "Ann has 2 boxes of 600 nails. How many nails has she?",
            "answer": "She has 2 * 600 = <<2*600=1200>>1,200 nails.\n#### 1,200",
        },
    ),
)
"""``Question: Ann has … has she?\\nAnswer:`` with the target `` 1200``, or, in the wording
``worked``, `` She has 2 * 600 = 1,200 nails. #### 1200``. The last number that is written counts.

lm-evaluation-harness lets a model write several lines, ours end at the first: there is no wording
of its own here. Nothing is published for validation: a tenth of train is held out.
"""

BBH = question_answering(
    name="bbh",
    description="Questions of 27 kinds that take several steps (BIG-bench Hard; Suzgun et al. "
    "2022); answers by their makers.",
    source=Source(mirror="tasks/bbh", splits={"test": "test"}, licence="MIT"),
    question="input",
    answers="target",
    keep_lines=True,
    asks="Q",
    answered="A",
    max_tokens=64,
    columns=("task",),
    metrics=("literal_match",),
    wordings={"words": {"asks": "Question", "answered": "Answer"}},
    group="task",
    unseen=True,
    specimens=(
        {"task": "hyperbaton", "input": "Which?\nOptions:\n(A) old cat\n(B) cat", "target": "(A)"},
    ),
)
"""``Q: Which?\\nOptions:\\n(A) old cat\\n(B) cat\\nA:`` with the target `` (A)``. The kinds, 146 to
250 questions each, are the groups. Answers such as ``(A)`` and ``] )`` are nothing but what SQuAD's
exact match cleans away, so they are compared letter by letter."""
