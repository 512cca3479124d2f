"""Wordings that are written out as a whole, white space included, instead of line by line.

For what the arguments of a kind cannot say: a text that is continued on its own line (GPT-1's
zero-shot sentiment), and the texts of lm-evaluation-harness, which keep whatever white space the
published rows have.
"""

import dataclasses
from collections.abc import Callable, Sequence

from tasks_to_text.fields import Field, index, text
from tasks_to_text.labelled import Reader, Shape
from tasks_to_text.task import Row
from tasks_to_text.tasks.harness import ranked


def written(
    prompt: Field,
    words: Sequence[str],
    segments: Callable[[Row], tuple[str, ...]],
    *,
    label: str = "label",
) -> Reader:
    r"""A wording: all of the prompt, and the words of the labels 0, 1 … after one space.

    Args:
        prompt: the text shown, as it stands; white space at its end goes to the choices.
        words: the choices; the number in the column ``label`` counts them from 0.
        segments: the row's own texts, for fine-tuning: those of the main wording.
        label: the column with the number.

    ``written("{a}\nQuestion: {b} True or False?\nAnswer:", ("True", "False"), …)`` makes of
    ``{"a": "It rains. ", "b": "Rain falls.", "label": 0}`` the prompt ``"It rains. \nQuestion: Rain
    falls. True or False?\nAnswer:"`` and the target `` True``.
    """

    def shape(record: Row) -> Shape:
        shown = ranked(text(prompt, record), words, index(label, record, len(words)))
        return dataclasses.replace(shown, segments=segments(record))

    return shape
