"""What kinds of tasks refuse: records, counted by reason, and arguments that cannot work."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tasks_to_text.errors import ConfigError
from tasks_to_text.kinds import classification
from tasks_to_text.labelled import check_specimens
from tasks_to_text.task import Rejected, Task
from tests.tasks_to_text.test_kinds import (
    ENDING,
    PASSAGE,
    SAME,
    TOPIC,
    ending,
    passage,
    reason,
    same,
    topic,
)


@pytest.mark.parametrize(
    ("task", "change", "expected"),
    [
        (topic(), {"body": None}, "field missing"),
        (topic(), {"body": 3}, "field is not text"),
        (topic(text="body"), {"body": 3}, "field is not text"),
        (topic(text="body"), {"body": " \n"}, "field empty"),
        (topic(), {"topic": None}, "field missing"),
        (topic(), {"topic": ["bug"]}, "field is not text"),
        (topic(), {"topic": "-1"}, "label out of range"),
        (same(), {"same": -1}, "label out of range"),
        (same(), {"b": None}, "field missing"),
        (ending(), {"ends": []}, "empty choice list"),
        (ending(), {"ends": None}, "field missing"),
        (ending(), {"ends": ["cold."]}, "fewer than two choices"),
        (ending(), {"ends": "cold."}, "fewer than two choices"),
        (ending(), {"ends": [1, 2]}, "field is not text"),
        (ending(), {"ends": ["cold.", " "]}, "field empty"),
        (ending(), {"ends": ["cold.", "cold. "]}, "choices repeated"),
        (ending(), {"right": 2}, "label out of range"),
        (ending(), {"right": "-1"}, "label out of range"),
        (ending(), {"right": ""}, "label out of range"),
        (ending(), {"right": None}, "field missing"),
        (passage(), {"answers": None}, "field missing"),
        (passage(), {"answers": {"text": []}}, "field is not text"),
        (passage(), {"answers": [None]}, "field missing"),
        (
            passage(answers=lambda row: row["answers"][2]),
            {"answers": []},
            "IndexError in a function",
        ),
    ],
)
def test_what_is_rejected_says_why(task: Task, change: Mapping[str, Any], expected: str) -> None:
    everything = {**TOPIC, **SAME, **ENDING, **PASSAGE, "body": "It stops."}
    assert reason(task, {**everything, **change}).startswith(expected)
    missing = [name for name in change if change[name] is None]
    gone = {name: value for name, value in everything.items() if name not in missing}
    if missing:
        assert reason(task, gone) == "field missing"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": "{subject"}, "text='{subject'"),
        ({"text": "{}"}, "name the column"),
        ({"text": ""}, "give a column's name, a format string"),
        ({"text": None}, "give a column's name, a format string"),
        ({"labels": {"bug": "bug"}}, "at least two"),
        ({"labels": {"bug": "x", "idea": "x"}}, "a word of its own"),
        ({"labels": {"bug": "", "idea": "x"}}, "a word of its own"),
        ({"specimens": ()}, "no specimens"),
        ({"specimens": [{"subject": "x"}]}, "a specimen is rejected, field missing"),
        ({"metrics": "acc"}, "give a tuple of names"),
        ({"labels": ["bug", "idea"]}, r"labels=\['bug', 'idea'\]; give a dictionary"),
        ({"labels": {0: 1, 1: 2}}, r"labels=\{0: 1, 1: 2\}; give a dictionary"),
        ({"label": 5}, "label=5: give the name of a column"),
        ({"question": 5}, "question=5: give text"),
        ({"specimens": {"subject": "x"}}, r"specimens=\{'subject': 'x'\}; give a list of records"),
        ({"specimens": ["x"]}, "give a list of records"),
        ({"source": {"path": "data"}}, r"source=\{'path': 'data'\}; give a Source"),
        ({"name": 5}, "name=5; give text"),
        ({"description": None}, "description=None; give one sentence"),
        ({"id": 3}, "id=3; give the name of a column"),
        ({"group": 3}, "group=3; give a column or a function"),
        ({"unseen": "no"}, "unseen='no'; give True or False"),
        (
            {"text": lambda row: row["body"], "columns": ("subject",)},
            r"a specimen is rejected, field missing \(.*: body: .*name in columns what only",
        ),
        ({"metrics": ("f1",)}, "'choice' is scored by"),
        ({"columns": "body"}, "give a tuple of names"),
        ({"sorce": 1}, "unknown argument sorce"),
        ({"name": "My task"}, "lower-case"),
    ],
)
def test_arguments_that_cannot_work_are_refused(changes: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        topic(**changes)


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(ConfigError, match="classification task 'mine': source, specimens missing"):
        classification(  # type: ignore[call-arg]
            name="mine", description="x", text="a", label="b", labels={"0": "no", "1": "yes"}
        )


def test_one_choice_is_refused_at_the_specimen_too() -> None:
    with pytest.raises(ConfigError, match="a specimen is rejected, fewer than two choices"):
        ending(specimens=[{**ENDING, "ends": ["cold."]}])


@pytest.mark.parametrize(
    ("task", "change", "shown"),
    [
        (topic(), {"topic": "x" * 99}, "record 1 of test: '" + "x" * 59 + ": {"),
        (same(), {"same": 2}, "record 1 of test: '2': {"),
        (ending(), {"right": 2}, "record 1 of test: '2' of 2: {"),
        (topic(), {"body": None}, "record 1 of test: body: {"),
        (topic(text="body"), {"body": None}, "record 1 of test: body: {"),
        (topic(text=lambda row: row["subject"]), {"topic": None}, "record 1 of test: topic: {"),
        (passage(), {"answers": [None]}, "record 1 of test: answers: {"),
    ],
)
def test_a_rejected_record_shows_the_value_or_the_column(
    task: Task, change: Mapping[str, Any], shown: str
) -> None:
    record = {**TOPIC, **SAME, **ENDING, **PASSAGE, "body": "It stops.", **change}
    (row,) = task.rows([record], "test")
    assert isinstance(row, Rejected) and row.where.startswith(shown)


def test_a_function_that_reads_an_undeclared_column_fails_before_the_source_is_read() -> None:
    read = topic(text=lambda row: row["body"])
    with pytest.raises(ConfigError, match="field missing .*: body: .*name in columns what only"):
        check_specimens(read)
    check_specimens(topic(text=lambda row: row["body"], columns=("body",)))
    check_specimens(replace(read, columns=()))  # then all columns are read
