"""The Children's Book Test: candidate and rest of the sentence, in natural text."""

import re
from typing import Any

import pytest

from tasks_to_text import registry
from tasks_to_text.evaluate import evaluate
from tasks_to_text.example import Example
from tasks_to_text.task import Rejected
from tests.tasks_to_text.fakes import Fake

SENTENCES = [f"The mouse number {i} said : `` I 'll go . ''" for i in range(20)]


def _example(question: str, answer: str, options: list[str], name: str = "cbt_cn") -> Example:
    record: dict[str, Any] = {
        "sentences": SENTENCES,
        "question": question,
        "answer": answer,
        "options": options,
    }
    (row,) = registry.get(name).rows([record], "test")
    assert not isinstance(row, Rejected), row
    return registry.get(name).template(row)


TOLD = " ".join(f'The mouse number {i} said: "I\'ll go."' for i in range(20))


@pytest.mark.parametrize(
    ("question", "shown", "choices"),
    [
        (
            "The XXXXX was kind .",
            f"{TOLD} The",
            (" cat was kind.", " dog was kind."),
        ),
        (
            "XXXXX 's tail was n't long .",
            TOLD,
            (" cat's tail wasn't long.", " dog's tail wasn't long."),
        ),
        (
            "`` XXXXX ! '' said he -LRB- loudly -RRB- .",
            TOLD,
            (' "cat!" said he (loudly).', ' "dog!" said he (loudly).'),
        ),
        (
            "He said : `` Where is -LRB- the XXXXX -RRB- ? ''",
            f'{TOLD} He said: "Where is (the',
            (' cat)?"', ' dog)?"'),
        ),
        ("It was a XXXXX", f"{TOLD} It was a", (" cat", " dog")),
    ],
)
def test_golden_text(question: str, shown: str, choices: tuple[str, ...]) -> None:
    made = _example(question, "dog", ["cat", "dog"])
    assert (made.prompt, made.choices, made.target) == (shown, choices, choices[1])


def test_prompt_and_choice_are_the_whole_passage_whatever_the_candidate() -> None:
    options = ["Tom", "the king", "Mr. Fox", "Ann"]
    made = _example("`` -LRB- XXXXX , I 'm -RRB- , '' he said .", "Ann", options, "cbt_ne")
    for option, choice in zip(options, made.choices, strict=True):
        assert f"{made.prompt}{choice}" == f'{TOLD} "({option}, I\'m)," he said.'
    assert made.gold == 3


def test_an_option_that_would_change_the_text_before_it_is_rejected() -> None:
    record = {
        "sentences": SENTENCES,
        "question": "The king XXXXX here .",
        "answer": "is",
        "options": ["is", "'s"],
    }
    (row,) = registry.get("cbt_cn").rows([record], "test")
    assert isinstance(row, Rejected)
    assert row.reason == "ValueError in a function of the task"


def test_the_likelihood_of_candidate_and_rest_decides() -> None:
    made = _example("The XXXXX was kind .", "dog", ["cat", "dog"])
    nats = {(made.prompt, " cat was kind."): 3.0, (made.prompt, " dog was kind."): 2.0}
    model = Fake(nats=nats)
    _, scores = evaluate(
        registry.get("cbt_cn"),
        [made],
        split="test",
        models={"m": model},
        choices_only_of="m",
        train=(),
        exposure={"m": "unseen"},
        seed=0,
    )
    assert {s.model: s.value for s in scores if s.model in ("m", "chance")} == {
        "m": 1.0,
        "chance": 0.5,
    }
    assert set(nats) <= set(model.requests)


def test_both_are_read_from_the_validation_books_and_unseen() -> None:
    for name, config in (("cbt_cn", "CN"), ("cbt_ne", "NE")):
        task = registry.get(name)
        assert (task.source.hub, task.source.config) == ("cam-cst/cbt", config)
        assert dict(task.source.given_splits) == {"test": "validation"}
        assert task.unseen and task.metrics == ("acc",)
        assert re.search("ten", task.description)
