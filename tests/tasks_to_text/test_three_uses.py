"""One definition per task serves all three uses: text to pre-train on, sequences to fine-tune on,
requests to evaluate with. Laws of every shipped task, in every wording, on each of its specimens.
"""

import dataclasses
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tasks_to_text import registry
from tasks_to_text.example import Example
from tasks_to_text.task import LM_EVAL, MAIN, Row, Task
from tasks_to_text.text_metrics import number_match
from tasks_to_text.transformations import read_out, sequences

ADDED = {
    "coqa": "q a",
    "enwik8": "amp",
    "gap": "neither",
    "parameter_value": "what is the type default of",
    "squad": "title background",
    "squad_v2": "title background unanswerable",
    "xquad_en": "title background",
}
"""Words that a task adds to the fields: a question that no row has, names of parts, an answer, a
mark that the published text spells."""


def _cases() -> Iterator[tuple[Task, str, Any]]:
    for task in registry.TASKS.values():
        for wording, template in task.templates.items():
            for number, row in enumerate(task.specimens):
                name = f"{task.name}-{wording}-{number}"
                yield task, wording, pytest.param(task, row, template(row), id=name)


CASES = list(_cases())


def of(*protocols: str, closed: bool | None = None, main: bool = False) -> Any:
    """Cases of tasks that are scored so, and whose labels are fixed, or not.

    ``main``: without the other wordings, because fine-tuning reads the fields, not the wording.
    """
    found = [
        case
        for task, wording, case in CASES
        if task.protocol in protocols
        and closed in (None, task.closed)
        and not (main and wording != MAIN)
    ]
    assert found
    return pytest.mark.parametrize(("task", "row", "example"), found)


def letters(value: Any) -> str:
    """All letters and digits of the texts in a value, in order and without case; brackets and
    accents that the published text has stand-ins for are resolved."""
    if isinstance(value, Mapping):
        return "".join(map(letters, value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(map(letters, value))
    natural = html.unescape(re.sub(r"-[lr]rb-", "", str(value).replace(" ;", ";")))
    return "".join(filter(str.isalnum, natural.casefold()))


# Pre-training


@of("choice", "last_word", "generation", "text")
def test_pretraining_reads_the_prompt_and_then_the_target(
    task: Task, row: Row, example: Example
) -> None:
    assert example.text.startswith(example.prompt)
    assert example.text.endswith(example.target)
    assert len(example.text) == len(example.prompt) + len(example.target)
    if example.prompt:  # a tokenizer that reads the whole can cut it where the prompt ends
        assert not example.prompt[-1].isspace() and (
            example.target[0].isspace() or not example.target[0].isalnum()
        )
    assert (task.protocol == "text") <= (not example.prompt)


# Evaluation


@of("choice")
def test_one_request_and_only_one_is_the_text_of_pretraining(
    task: Task, row: Row, example: Example
) -> None:
    texts = [context + continuation for context, continuation in example.requests]
    assert len(texts) == len(example.choices) == len(set(texts))
    assert [i for i, text in enumerate(texts) if text == example.text] == [example.gold]
    assert example.requests[example.gold] == (example.prompt, example.target)
    shared = 1 if example.contexts else 0
    assert len({request[shared] for request in example.requests}) == 1


@of("choice", closed=True)
def test_no_label_is_the_beginning_of_another(task: Task, row: Row, example: Example) -> None:
    """For the shorter one would be likelier whatever is shown."""
    for one in example.choices:
        longer = [other for other in example.choices if other != one and other.startswith(one)]
        assert not longer, f"{one!r} begins {longer}"


@of("choice")
def test_an_exact_score_is_nearest_to_its_gold_number(
    task: Task, row: Row, example: Example
) -> None:
    assert len(example.references) == (task.kind == "similarity")
    for exact in example.references:
        distances = [abs(float(exact) - float(choice)) for choice in example.choices]
        assert min(distances) == distances[example.gold]


@of("last_word", "generation", "text")
def test_what_is_trained_is_what_is_accepted(task: Task, row: Row, example: Example) -> None:
    assert example.requests == ((example.prompt, example.target),)
    answer = example.target.strip()
    if "number_match" in task.metrics:
        assert number_match(answer, example.references) == 1
    else:
        assert not example.references or answer in example.references
    if task.protocol == "generation":
        assert not any(stop in answer for stop in task.stop)
    if task.protocol == "last_word":
        assert len(answer.split()) == 1


@of("generation")
def test_what_is_asked_from_memory_is_not_shown(task: Task, row: Row, example: Example) -> None:
    shown = task.kind in ("reading comprehension", "summarization") or task.name == "bbh"
    assert shown or letters(example.target) not in letters(example.prompt)


# Fine-tuning


@of("choice", "last_word", "generation", "text", main=True)
def test_finetuning_reads_words_of_the_row_and_none_of_the_wording(
    task: Task, row: Row, example: Example
) -> None:
    own = letters(row.get("record", row))
    added = ADDED.get(task.name, "").split()
    read = sequences(task, example)
    assert read and all(read)
    for field in {field for sequence in read for field in sequence}:
        assert field.strip() == field != ""
        if task.closed:
            assert letters(field) in own
        words = re.findall(r"[^\W_]+", field.casefold())
        assert [word for word in words if word not in own and word not in added] == []


@of("choice", closed=True, main=True)
def test_finetuning_of_a_label_reads_the_same_whatever_the_label_and_the_wording(
    task: Task, row: Row, example: Example
) -> None:
    assert read_out(task) == ("sum" if task.symmetric else "label")
    read = sequences(task, example)
    for gold, choice in enumerate(example.choices):
        assert read == sequences(task, dataclasses.replace(example, target=choice, gold=gold))
    worded = [template for name, template in task.templates.items() if name != LM_EVAL]
    assert {sequences(task, template(row)) for template in worded} == {read}
    assert len(read) == (2 if task.symmetric else 1)
    assert read[-1] == (read[0][::-1] if task.symmetric else read[0])


@of("choice", closed=False)
def test_finetuning_of_choices_ends_each_sequence_with_one_of_them(
    task: Task, row: Row, example: Example
) -> None:
    assert read_out(task) == "score"
    read = sequences(task, example)
    assert len(read) == len(example.choices) == len(set(read))
    ends = [sequence[-1] for sequence in read]
    assert ends == [continuation.strip() for _, continuation in example.requests]
    if not example.contexts:
        assert len({sequence[:-1] for sequence in read}) == 1


@of("last_word", "generation", "text")
def test_finetuning_without_choices_writes_the_target_at_the_end(
    task: Task, row: Row, example: Example
) -> None:
    assert read_out(task) == "language model"
    (read,) = sequences(task, example)
    assert read[-1].endswith(example.target.strip())
    if task.protocol == "generation":
        assert read[-1] == example.target.strip() and len(read) > 1
