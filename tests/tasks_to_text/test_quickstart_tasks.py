"""Laws of all tasks of the quickstart, on a small product that each of them has rows of."""

from collections.abc import Callable
from typing import Any

import pytest

from tasks_to_text.example import Example
from tasks_to_text.selection import Selection, select
from tasks_to_text.task import SPLITS, Rejected, Row, Task
from tasks_to_text.tasks.quickstart import TASKS

RETURNS = ("None", "np.ndarray", "bool", "list[str]", "str")
KINDS = ("function", "class", "method", "module")
NAMES = ("parser", "token", "matrix", "vertex", "column", "session", "glyph", "socket", "layer")
PROMPT_AND_CHOICE_BYTES = 600
GENERATION_PROMPT_BYTES = 480

MakeRecords = Callable[[str, int], list[dict[str, Any]]]
Selections = dict[str, Selection]


def _documentation(make_records: MakeRecords, split: str, n_modules: int) -> list[dict[str, Any]]:
    """The small product with all kinds and return types, sections on parameters and long texts."""
    rows = make_records(split, n_modules)
    for i, row in enumerate(rows):
        tag = "".join(chr(97 + int(digit)) for digit in str(i)) + split
        parameters = {f"{name}_{tag}": kind for name, kind in zip(NAMES, RETURNS, strict=False)}
        row["kind"] = KINDS[i // 8 % 4]
        row["returns"] = RETURNS[i % 5]
        row["qualname"] = f"{row['qualname']}_{tag}"
        row["parameters"] = [{"name": name, "default": ""} for name in parameters]
        row["documented"] += [
            {"name": name, "type": kind, "description": f"What {name} is for."}
            for name, kind in parameters.items()
        ]
        body = f"The {NAMES[i % 9]} of {tag} meets a " + " and a ".join(NAMES)
        ending = f"In the end the {tag} is left with one {NAMES[i % 9]}."
        more = f"It never asks {tag} what there is that it could do for them, nor why."
        arguments = "\n".join(f"    {name} ({kind}): It." for name, kind in parameters.items())
        row["text"] = (
            f"{row['text'].split('.')[0]}.\n\n{body}. {more} {ending}\n\nArgs:\n{arguments}"
        )
    return rows


def _translations(split: str, n: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{split} {language} {i}",
            "group": f"{split} {i}",
            "language": language,
            "english": f"a {split} day {i}",
            "translated": f"un {split} jour {i}",
        }
        for i in range(n)
        for language in ("French", "Catalan")
    ]


@pytest.fixture
def sources(make_records: MakeRecords) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Product → split → records."""
    modules = {"train": 6, "validation": 3, "test": 3}
    return {
        "documentation": {s: _documentation(make_records, s, n) for s, n in modules.items()},
        "catalogues": {split: _translations(split, n) for split, n in modules.items()},
    }


def _rows(task: Task, records: list[dict[str, Any]], split: str) -> list[Row]:
    rows = list(task.rows(records, split))  # type: ignore[arg-type]
    good = [row for row in rows if not isinstance(row, Rejected)]
    assert len(good) == len(rows), "the pipeline's own products have no bad rows"
    return good


def _select(task: Task, by_split: dict[str, list[dict[str, Any]]], limit: int) -> Selections:
    taken: set[str] = set()
    return {
        split: select(
            task, split, _rows(task, by_split[split], split), taken=taken, limit=limit, seed=0
        )
        for split in SPLITS
    }


def _examples(task: Task, selections: Selections) -> dict[str, list[Example]]:
    return {split: [task.template(row) for row in one.rows] for split, one in selections.items()}


def test_there_are_twelve_of_eight_kinds_and_four_are_kept_unseen() -> None:
    assert [task.name for task in TASKS] == sorted(task.name for task in TASKS)
    assert len({task.name for task in TASKS}) == len(TASKS) == 12
    unseen = {task.name for task in TASKS if task.unseen}
    assert unseen == {"cloze", "continuation", "last_word", "sentence_order"}
    assert len({task.kind for task in TASKS}) == 8
    assert len({task.template_hash for task in TASKS}) == 12


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
class TestEveryTask:
    """What holds for each of the twelve."""

    def test_has_examples_that_fit_in_every_split(self, task: Task, sources: Any) -> None:
        for examples in _examples(task, _select(task, sources[task.source.product], 200)).values():
            assert len(examples) >= 6
            assert len({one.example_id for one in examples}) == len(examples)
            for one in examples:
                assert one.target[0].isspace()
                assert one.prompt[-1] > " "
                longest = max(len(text.encode()) for text in (one.target, *one.choices))
                assert len(one.prompt.encode()) + longest <= PROMPT_AND_CHOICE_BYTES
                if task.protocol == "generation":
                    assert len(one.prompt.encode()) <= GENERATION_PROMPT_BYTES
                    assert one.references == (one.target.strip(),)
                    assert not any(end in one.target for end in task.stop)

    def test_is_the_same_whatever_the_order_of_its_records(self, task: Task, sources: Any) -> None:
        given = sources[task.source.product]
        turned = {split: records[::-1] for split, records in given.items()}
        one, other = (_examples(task, _select(task, by, 50)) for by in (given, turned))
        assert one == other

    def test_drops_rows_that_an_earlier_split_holds(self, task: Task, sources: Any) -> None:
        given = sources[task.source.product]
        leaky = {**given, "test": [*given["train"], *given["test"]]}
        plain, planted = (_select(task, by, 10_000)["test"] for by in (given, leaky))
        assert {row["id"] for row in planted.rows} == {row["id"] for row in plain.rows}
        assert planted.dropped["in an earlier split"] >= 6

    def test_needs_no_other_columns_than_it_names(self, task: Task, sources: Any) -> None:
        given = sources[task.source.product]["test"]
        named = [{name: record[name] for name in task.columns} for record in given]
        assert _rows(task, named, "test") == _rows(task, given, "test")

    def test_has_baselines_that_answer(self, task: Task, sources: Any) -> None:
        examples = _examples(task, _select(task, sources[task.source.product], 50))["test"]
        assert task.baselines or task.protocol == "choice"
        for answer in task.baselines.values():
            assert all(answer(one).strip() for one in examples)
            if task.protocol == "choice":
                assert all(answer(one) in one.choices for one in examples)
