"""Literal in, literal out: a question about a parameter section, and its answer in the passage."""

from typing import Any

import pytest

from tasks_to_text.tasks.parameter_values import (
    first_mention,
    parameter_value_example,
    parameter_value_keys,
    parameter_value_rows,
)

NUMPY = (
    "Sum it.\n\nParameters\n----------\na : array_like\n    What is summed.\n"
    "axis : int, optional\n    Defaults to ``-1``.\n\nReturns\n-------\nint"
)
GOOGLE = (
    "Run it.\n\nArgs:\n    name (`str`): The name\n        of it.\n"
    '    retries (int): Default: 3\n    mode (str): Defaults to "fast".\n\nReturns:\n    None'
)


def _record(text: str, types: dict[str, str], **defaults: str) -> dict[str, Any]:
    return {
        "id": "m:m.f",
        "group": "m",
        "parameters": [{"name": name, "default": defaults.get(name, "")} for name in types],
        "documented": [{"name": name, "type": kind} for name, kind in types.items()],
        "text": text,
    }


def test_parameter_value_reads_like_this() -> None:
    record = _record(NUMPY, {"a": "array_like", "axis": "int, optional"}, axis="-1")
    (row,) = parameter_value_rows([record], "train")
    row = {**row, "name": "axis", "answer": "int"}
    example = parameter_value_example(row)
    assert example.prompt == (
        "a : array_like\n    What is summed.\naxis : int, optional\n    Defaults to ``-1``.\n"
        "Question: What is the type of axis?\nAnswer:"
    )
    assert (example.target, example.references) == (" int", ("int",))
    assert first_mention(example) == "array_like"
    assert parameter_value_keys(row) == (
        "type: a : array_like what is summed. axis :",
        "type: axis : int, optional defaults to ``-1``.",
    )


def test_defaults_are_asked_for_where_two_are_stated_and_the_signature_agrees() -> None:
    types = {"name": "`str`", "retries": "int", "mode": "str"}
    rows = list(parameter_value_rows([_record(GOOGLE, types, retries="3", mode='"fast"')], "train"))
    assert [row["asked"] for row in rows] == ["default", "type"]
    answers = {"retries": "3", "mode": "fast"}
    assert rows[0]["answer"] == answers[rows[0]["name"]]
    assert rows[0]["passage"] == (
        "name (`str`): The name\n    of it.\nretries (int): Default: 3\n"
        'mode (str): Defaults to "fast".'
    )
    assert first_mention(parameter_value_example(rows[0])) == "3"
    other = _record(GOOGLE, types, retries="4", mode='"fast"')
    assert [row["asked"] for row in parameter_value_rows([other], "train")] == ["type"]


def test_every_answer_stands_in_its_passage() -> None:
    types = {"name": "`str`", "retries": "int", "mode": "str"}
    for i in range(40):
        record = {**_record(GOOGLE, types, retries="3", mode='"fast"'), "id": f"m:{i}"}
        for row in parameter_value_rows([record], "train"):
            assert row["answer"] in row["passage"]
            assert row["name"] in row["passage"]


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("Args:\n    a (int): One.", {"a": "int"}),  # one alone
        ("Args:\n    a (int): One.\n    b (int): Two.", {"a": "int", "b": "int"}),  # no choice
        ("Args:\n    a: One.\n    b: Two.", {"a": "int", "b": "str"}),  # types not in the text
        ("Args:\n    a (int): " + "One " * 99 + "\n    b (str): Two.", {"a": "int", "b": "str"}),
    ],
)
def test_passages_that_do_not_ask_well_are_left_out(text: str, types: dict[str, str]) -> None:
    assert list(parameter_value_rows([_record(text, types)], "train")) == []


def test_a_long_section_gives_several_passages() -> None:
    names = [f"p{i}" for i in range(12)]
    lines = [f"    {name} (t{i}): {'Long ' * 20}" for i, name in enumerate(names)]
    types = {name: f"t{i}" for i, name in enumerate(names)}
    rows = list(parameter_value_rows([_record("Args:\n" + "\n".join(lines), types)], "train"))
    assert len(rows) == 4
    assert len({row["id"] for row in rows}) == 4
    assert all(len(row["passage"].encode()) <= 380 for row in rows)
