"""What kinds of tasks can be asked for beside their defaults: letters, fields, hints, sampling."""

from dataclasses import replace
from typing import Any

import pytest

from tasks_to_text.errors import ConfigError
from tasks_to_text.kinds import (
    first_sentences,
    lettered,
    multiple_choice,
    question_answering,
    summarization,
)
from tasks_to_text.source import Source
from tasks_to_text.task import Rejected, Task
from tasks_to_text.transformations import sequences

COMMON: dict[str, Any] = {"name": "mine", "description": "A task.", "source": Source(path="a.csv")}
ICE = {"about": "Ice.", "question": "Ice is", "choices": ["cold.", "hot."], "gold": 1}
NEWS = {"text": "It rains. It\npours! Why? Who knows.", "summary": "Rain."}


def ice(**changes: Any) -> Task:
    given: dict[str, Any] = {
        "prompt": "{about}\nQuestion: {question}",
        "choices": "choices",
        "gold": "gold",
        "specimens": [ICE],
        **COMMON,
    }
    return multiple_choice(**{**given, **changes})


def news(**changes: Any) -> Task:
    given = {"text": "text", "summary": "summary", "specimens": [NEWS], **COMMON}
    return summarization(**{**given, **changes})


def test_a_wording_can_ask_for_the_letter_of_a_listed_choice() -> None:
    task = ice(wordings={"letters": {"prompt": "{question}", "letters": True}})
    made = task.wordings["letters"](task.specimens[0])
    assert made.prompt == "Ice is\nA. cold.\nB. hot.\nAnswer:"
    assert (made.choices, made.gold, made.target) == ((" A", " B"), 1, " B")
    assert task.template(task.specimens[0]).choices == (" cold.", " hot.")


def test_a_record_with_more_choices_than_letters_is_rejected() -> None:
    many = [str(number) for number in range(27)]
    task = ice(prompt="{question}", wordings={"letters": {"letters": True}})
    (row,) = task.rows([{**ICE, "choices": many}], "test")
    assert not isinstance(row, Rejected)
    with pytest.raises(Exception, match=r"more choices than letters \(27\)"):
        task.wordings["letters"](row)
    assert lettered("Q", many[:26], 25).target == " Z"


def test_fine_tuning_reads_the_fields_where_they_are_named() -> None:
    plain, named = ice(), ice(fields=("about", "question"))
    assert sequences(plain, plain.template(plain.specimens[0])) == (
        ("Ice.\nQuestion: Ice is", "cold."),
        ("Ice.\nQuestion: Ice is", "hot."),
    )
    assert sequences(named, named.template(named.specimens[0])) == (
        ("Ice.", "Ice is", "cold."),
        ("Ice.", "Ice is", "hot."),
    )
    assert named.columns == ("about", "question", "choices", "gold")


def test_a_question_can_keep_its_lines() -> None:
    record = {"question": "Which?\n- One\n- Two", "answer": "One"}
    given: dict[str, Any] = {"question": "question", "answers": "answer", "specimens": [record]}
    for keep, shown in ((False, "Which? - One - Two"), (True, "Which?\n- One\n- Two")):
        task = question_answering(**given, **COMMON, keep_lines=keep)
        assert task.template(task.specimens[0]).prompt == f"Question: {shown}\nAnswer:"


def test_a_summary_can_be_asked_for_without_a_hint_in_a_further_wording_only() -> None:
    task = news(wordings={"no_hint": {"hint": ""}})
    row = task.specimens[0]
    assert task.template(row).prompt == "It rains. It\npours! Why? Who knows.\nTL;DR:"
    assert task.wordings["no_hint"](row).text == "It rains. It\npours! Why? Who knows. Rain."
    with pytest.raises(ConfigError, match="hint=' ': give words"):
        news(hint=" ")


def test_a_summary_has_several_references_and_needs_one() -> None:
    task = news()
    for given, references in ((["Rain.", "", "It pours."], ("Rain.", "It pours.")), ([], None)):
        (row,) = task.rows([{**NEWS, "summary": given}], "test")
        if references is None:
            assert isinstance(row, Rejected) and row.reason == "no answer"
        else:
            assert not isinstance(row, Rejected)
            made = task.template(row)
            assert (made.target, made.references) == (" Rain.", references)


def test_sampling_and_the_sentences_kept_are_the_task_s() -> None:
    task = news(top_k=2, sentences=3, max_tokens=100)
    assert (task.top_k, task.sentences, task.max_tokens) == (2, 3, 100)
    assert (news().top_k, news().sentences) == (0, 0)
    example = task.template(task.specimens[0])
    rules = {name: rule(example) for name, rule in task.baselines.items()}
    assert rules == {"lead": "It rains.", "lead3": "It rains. It pours! Why?"}
    assert set(news().baselines) == {"lead"}
    for wrong in ({"top_k": -1}, {"sentences": -1}):
        with pytest.raises(ConfigError, match="=-1: must not be negative"):
            replace(task, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "n", "expected"),
    [
        ("One. Two. Three.", 2, "One. Two."),
        ("One. Two. and no end", 3, "One. Two. and no end"),
        ("No end\nat all", 3, "No end at all"),
        ("It costs 1.5 pounds. “Really?” He left", 2, "It costs 1.5 pounds. “Really?”"),
    ],
)
def test_first_sentences(text: str, n: int, expected: str) -> None:
    assert first_sentences(text, n) == expected
