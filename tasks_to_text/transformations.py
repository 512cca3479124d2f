"""GPT-1's input transformations (Radford et al. 2018, §3.3 and Figure 1): a task as token sequences
for a head on top, instead of as text.

An example becomes one or several sequences of fields. Whoever fine-tunes puts ``_start_`` before a
sequence, ``_delimiter_`` between its fields and ``_classify_`` behind it, all three learned then.
The fields are those of ``Example.segments``: the row's own words, without any of the wording, so
what is given is an example of the task's main template.
"""

from typing import Literal

from tasks_to_text.example import Example
from tasks_to_text.task import Task

ReadOut = Literal["label", "sum", "score", "language model"]
"""What is done at the end of the sequences. ``label``: a linear layer over the labels. ``sum``: the
same over the sum of the two last states. ``score``: one number each, softmax over the sequences.
``language model``: no head; the last field is written."""


def read_out(task: Task) -> ReadOut:
    """How a task's sequences are read."""
    if task.protocol != "choice":
        return "language model"
    if not task.closed:
        return "score"
    return "sum" if task.symmetric else "label"


def sequences(task: Task, example: Example) -> tuple[tuple[str, ...], ...]:
    """The sequences of an example: fields, in the order in which they are read.

    - label: one, the text, or premise and hypothesis;
    - sum: two, both orders of the pair;
    - score: one per choice, context and question and then the choice;
    - language model: one, the fields and then the answer.
    """
    kind, fields = read_out(task), example.segments
    if kind == "label":
        return (fields,)
    if kind == "sum":
        return (fields, fields[::-1])
    if kind == "score" and example.contexts:
        return tuple((context, example.target.strip()) for context in example.contexts)
    if kind == "score":
        return tuple((*fields, choice.strip()) for choice in example.choices)
    if task.protocol == "generation":
        return ((*fields, example.target.strip()),)
    return tuple((text.strip(),) for text in (example.text,))
