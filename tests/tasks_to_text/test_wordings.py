"""Several wordings of one task, endings with several beginnings, and GPT-1's transformations."""

import dataclasses
from typing import Any

import pytest

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.example import Example
from tasks_to_text.kinds import (
    Shape,
    classification,
    common_ending,
    multiple_choice,
    pair,
    summarization,
)
from tasks_to_text.source import Source
from tasks_to_text.task import Rejected, Task
from tasks_to_text.transformations import read_out, sequences

COMMON: dict[str, Any] = {"description": "A task.", "source": Source(path="rows.csv")}
FILM: dict[str, Any] = {
    "name": "film",
    "text": "text",
    "label": "label",
    "labels": {"0": "bad", "1": "good"},
    "question": "The film is",
    "specimens": [{"text": "Dull.", "label": 0}],
    **COMMON,
}
REFERENT: dict[str, Any] = {
    "name": "referent",
    "contexts": lambda row: [f"{row['before']} {one}" for one in row["options"]],
    "ending": "after",
    "choices": "options",
    "gold": "gold",
    "columns": ("before",),
    "specimens": [
        {"before": "Ann met Mia because", "after": "called.", "options": ["Ann", "Mia"], "gold": 1}
    ],
    **COMMON,
}


def _row(task: Task, record: dict[str, Any]) -> Any:
    (row,) = task.rows([record], "test")
    assert not isinstance(row, Rejected)
    return row


def test_a_wording_changes_the_arguments_that_it_names_and_keeps_the_others() -> None:
    asked = {"question": "Good?", "labels": {"0": "no", "1": "yes"}}
    task = classification(**FILM, wordings={"asked": asked})
    row = _row(task, {"text": "Fine.", "label": 1})
    assert list(task.templates) == ["main", "asked"]
    main, other = (template(row) for template in task.templates.values())
    assert (main.text, main.choices) == ("Fine.\nThe film is good", (" bad", " good"))
    assert (other.text, other.choices) == ("Fine.\nGood? yes", (" no", " yes"))


def test_a_row_that_only_a_wording_cannot_use_is_an_error_of_data() -> None:
    titled: Any = {"titled": {"question": "{title} is"}}
    with pytest.raises(ConfigError, match=r"wordings\['titled'\] makes no example of a specimen"):
        classification(**FILM, wordings=titled)
    specimens = [{"text": "Dull.", "label": 0, "title": "It"}]
    task = classification(**{**FILM, "specimens": specimens}, wordings=titled)
    given = {"text": "Fine.", "label": 1, "title": 7}
    with pytest.raises(DataError, match="field is not text"):
        task.wordings["titled"](_row(task, given))


def test_a_wording_of_the_same_row_has_its_id_group_and_segments() -> None:
    task = classification(**FILM, wordings={"asked": {"question": "Verdict:"}})
    row = _row(task, {"text": "Fine.", "label": 1})
    main, other = (template(row) for template in task.templates.values())
    assert other.prompt == "Fine.\nVerdict:"
    assert dataclasses.replace(other, prompt=main.prompt) == main
    assert task.template_hash == task.hash_of("main") != task.hash_of("asked")
    assert task.hash_of("main") == classification(**FILM).template_hash


def test_a_wording_can_be_a_function_of_the_record() -> None:
    def double(row: Any) -> Shape:
        end = f"  {row['after']}"
        prompt = row["before"]
        return Shape(prompt=prompt, target=end, choices=(end, " no."), gold=0, segments=(prompt,))

    task = common_ending(**REFERENT, wordings={"lm_eval": double})
    assert task.wordings["lm_eval"](task.specimens[0]).target == "  called."


def test_a_wording_with_an_argument_that_the_kind_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'film': wordings\['odd'\]: .*'hint'"):
        classification(**FILM, wordings={"odd": {"hint": "So:"}})
    with pytest.raises(ConfigError, match="wordings='main'"):
        classification(**FILM, wordings={"main": {"question": "So:"}})


def test_an_ending_is_asked_for_after_each_beginning() -> None:
    example = common_ending(**REFERENT).template(
        _row(common_ending(**REFERENT), REFERENT["specimens"][0])
    )
    assert example.requests == (
        ("Ann met Mia because Ann", " called."),
        ("Ann met Mia because Mia", " called."),
    )
    assert example.text == "Ann met Mia because Mia called."
    assert example.choices == (" Ann", " Mia")


def test_contexts_must_be_one_per_choice_and_hold_the_prompt() -> None:
    fields: dict[str, Any] = {"example_id": "1", "group": "1", "prompt": "a", "target": " b"}
    choices = (" a", " c")
    for contexts in (("a",), ("c", "a")):
        with pytest.raises(DataError, match=r"'1': \d contexts for 2 choices"):
            Example(**fields, choices=choices, gold=0, contexts=contexts)
    with pytest.raises(DataError, match="ends in white space"):
        Example(**fields, choices=choices, gold=0, contexts=("a", "c "))


def test_fine_tuning_reads_a_pair_once_or_in_both_orders() -> None:
    given: dict[str, Any] = {
        **COMMON,
        "name": "same",
        "first": "a",
        "second": "b",
        "label": "same",
        "labels": {"0": "no", "1": "yes"},
        "specimens": [{"a": "One.", "b": "Two.", "same": 0}],
    }
    for symmetric, kind in ((False, "label"), (True, "sum")):
        task = pair(**given, symmetric=symmetric)
        example = task.template(task.specimens[0])
        assert read_out(task) == kind
        both = (("One.", "Two."), ("Two.", "One."))
        assert sequences(task, example) == (both if symmetric else both[:1])


def test_fine_tuning_scores_each_choice_and_writes_what_has_none() -> None:
    choice = multiple_choice(
        **COMMON,
        name="ice",
        prompt="question",
        choices="choices",
        gold="gold",
        specimens=[{"question": "Ice is", "choices": ["cold.", "hot."], "gold": 0}],
    )
    assert read_out(choice) == "score"
    asked = sequences(choice, choice.template(choice.specimens[0]))
    assert asked == (("Ice is", "cold."), ("Ice is", "hot."))
    short = summarization(
        **COMMON,
        name="short",
        text="text",
        summary="summary",
        specimens=[{"text": "It rains.", "summary": "Rain."}],
    )
    assert read_out(short) == "language model"
    assert sequences(short, short.template(short.specimens[0])) == (("It rains.", "Rain."),)
    referent = common_ending(**REFERENT)
    assert sequences(referent, referent.template(referent.specimens[0])) == (
        ("Ann met Mia because Ann", "called."),
        ("Ann met Mia because Mia", "called."),
    )
