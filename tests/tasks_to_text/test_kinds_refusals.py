"""What kinds of tasks refuse: records, counted by reason, and arguments that cannot work."""

from collections.abc import Mapping
from typing import Any

import pytest

from tasks_to_text.errors import ConfigError
from tasks_to_text.kinds import classification
from tasks_to_text.task import Task
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
