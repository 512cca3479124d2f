"""Kinds of tasks: records in, text out, white space included; what is wrong has a reason."""

from collections.abc import Mapping
from typing import Any

import pytest

from tasks_to_text.example import Example
from tasks_to_text.kinds import (
    classification,
    first_sentence,
    last_word,
    most_frequent_word,
    multiple_choice,
    pair,
    plain_text,
    question_answering,
    reading,
    summarization,
    translation,
)
from tasks_to_text.source import Source
from tasks_to_text.task import Rejected, Row, Task

Record = dict[str, Any]

TOPIC = {"subject": "Crash", "body": "It stops. \n", "topic": "bug"}
SAME = {"a": "It rains.", "b": "Rain falls.", "same": 1}
ENDING = {"start": "Ice is", "ends": ["cold.", "hot."], "right": "0"}
PASSAGE = {
    "text": "Rome is a city.",
    "q": "What is\nRome?",
    "answers": ["a city", "city", "a city"],
}
LONG = {"text": "It rained all day. We stayed in.", "short": "Rain\nall day."}
BOTH = {"translation": {"fr": "Il pleut.", "en": "It rains."}}
STORY = {"text": "The dog saw another dog,\nand the cat met the dog "}


def common(*specimens: Record, **changes: Any) -> Any:
    given = {
        "name": "mine",
        "description": "A task.",
        "source": Source(path="data"),
        "specimens": specimens,
    }
    return {**given, **changes}


def topic(**changes: Any) -> Task:
    given = {
        "text": "{subject}\n{body}",
        "label": "topic",
        "labels": {"bug": "a bug", "idea": "an idea"},
        "question": "This is",
        **common(TOPIC),
    }
    return classification(**{**given, **changes})


def same(**changes: Any) -> Task:
    given = {"first": "a", "second": "b", "label": "same", "labels": {"0": "no", "1": "yes"}}
    return pair(**{**given, **common(SAME), **changes})


def ending(**changes: Any) -> Task:
    given = {"prompt": "start", "choices": "ends", "gold": "right", **common(ENDING)}
    return multiple_choice(**{**given, **changes})


def passage(**changes: Any) -> Task:
    given = {"passage": "text", "question": "q", "answers": "answers", **common(PASSAGE)}
    return reading(**{**given, **changes})


def rows(task: Task, *records: Row) -> list[Row | Rejected]:
    return list(task.rows(records, "test"))


def example(task: Task, record: Row) -> Example:
    (row,) = rows(task, record)
    assert not isinstance(row, Rejected), row
    return task.template(row)


def reason(task: Task, record: Row) -> str:
    (row,) = rows(task, record)
    assert isinstance(row, Rejected), row
    return row.reason


def test_classification() -> None:
    made = example(topic(), TOPIC)
    assert made.prompt == "Crash\nIt stops.\nThis is"
    assert made.choices == (" a bug", " an idea")
    assert (made.gold, made.target, made.segments) == (0, " a bug", ("Crash\nIt stops.",))
    assert topic().closed
    assert topic().columns == ("subject", "body", "topic")


def test_the_question_of_a_classification_may_be_left_out_or_filled() -> None:
    assert example(topic(question="", text="body"), TOPIC).prompt == "It stops."
    assert example(topic(text="body", question="{subject} is"), TOPIC).prompt == (
        "It stops.\nCrash is"
    )


@pytest.mark.parametrize(
    ("value", "key"), [(1, "1"), ("1", "1"), (True, "True"), (1.5, "1.5"), (" x ", "x")]
)
def test_labels_are_compared_as_text(value: Any, key: str) -> None:
    task = topic(labels={key: "one", "other": "two"}, specimens=[{**TOPIC, "topic": value}])
    assert example(task, {**TOPIC, "topic": value}).target == " one"


def test_pair() -> None:
    made = example(same(first_name="One", second_name="Two", question="Same?"), SAME)
    assert made.prompt == "One: It rains.\nTwo: Rain falls.\nSame?"
    assert (made.choices, made.gold) == ((" no", " yes"), 1)
    assert made.segments == ("It rains.", "Rain falls.")
    assert example(same(), SAME).prompt == "It rains.\nRain falls."


def test_multiple_choice() -> None:
    made = example(ending(), ENDING)
    assert (made.prompt, made.choices, made.gold) == ("Ice is", (" cold.", " hot."), 0)
    assert not ending().closed
    assert ending().metrics == ("acc", "acc_norm")


def test_multiple_choice_by_functions_and_without_a_prompt() -> None:
    task = multiple_choice(
        prompt=None,
        choices=lambda row: [row["good"], row["bad"]],
        gold=lambda row: 0,
        columns=("good", "bad"),
        **common({"good": "They sleep.", "bad": "They sleeps."}),
    )
    made = task.template(task.specimens[0])
    assert (made.prompt, made.choices, made.target) == (
        "",
        ("They sleep.", "They sleeps."),
        "They sleep.",
    )
    assert task.columns == ("good", "bad")


def test_reading_shows_the_passage_and_keeps_every_answer_once() -> None:
    made = example(passage(), PASSAGE)
    assert made.prompt == "Rome is a city.\nQuestion: What is Rome?\nAnswer:"
    assert (made.target, made.references) == (" a city", ("a city", "city"))
    assert passage().metrics == ("f1", "exact_match")
    one = example(passage(), {**PASSAGE, "answers": "a city"})
    assert one.references == ("a city",)


def test_a_question_without_an_answer_in_its_passage() -> None:
    nothing = {**PASSAGE, "answers": []}
    made = example(passage(), nothing)
    assert (made.target, made.references) == (" unanswerable", ("unanswerable",))
    assert example(passage(unanswerable="none"), nothing).target == " none"
    assert reason(passage(unanswerable=""), nothing) == "no answer"


def test_question_answering() -> None:
    task = question_answering(question="q", answers="answers", **common(PASSAGE))
    made = example(task, PASSAGE)
    assert made.prompt == "Question: What is Rome?\nAnswer:"
    assert (made.target, made.references) == (" a city", ("a city", "city"))
    assert reason(task, {**PASSAGE, "answers": ["", " "]}) == "no answer"


def test_summarization_and_its_lead() -> None:
    task = summarization(text="text", summary="short", **common(LONG))
    made = example(task, LONG)
    assert made.prompt == "It rained all day. We stayed in.\nTL;DR:"
    assert (made.target, made.references) == (" Rain all day.", ("Rain all day.",))
    assert task.baselines["lead"](made) == "It rained all day."
    two = summarization(text="text", summary="short", lead=lambda text: text, **common(LONG))
    assert two.baselines["lead"](made) == LONG["text"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One. Two.", "One."),
        ("It costs 1.50 here! Two", "It costs 1.50 here!"),
        ('"Why?" he said.', '"Why?"'),
        ("no end\nat all", "no end at all"),
        ("", ""),
    ],
)
def test_the_first_sentence(text: str, first: str) -> None:
    assert first_sentence(text) == first


def test_translation_and_its_copy() -> None:
    task = translation(
        source_text="{translation[fr]}",
        target_text="{translation[en]}",
        source_language="French",
        target_language="English",
        **common(BOTH),
    )
    made = example(task, BOTH)
    assert made.prompt == "French: Il pleut.\nEnglish:"
    assert (made.target, made.references) == (" It rains.", ("It rains.",))
    assert task.baselines["copy"](made) == "Il pleut."
    assert task.columns == ("translation",)
    assert reason(task, {"translation": {"fr": "Oui."}}) == "field missing"


def test_last_word_splits_at_the_last_space() -> None:
    task = last_word(text="text", **common(STORY))
    made = example(task, STORY)
    assert made.prompt == "The dog saw another dog,\nand the cat met the"
    assert made.target == " dog"
    assert task.baselines["most frequent word"](made) == "dog"
    assert reason(task, {"text": " word "}) == "fewer than two words"
    spaced = example(task, {"text": "one  two"})
    assert (spaced.prompt, spaced.target) == ("one", "  two")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("She didn’t see Ann or Bob", "Bob"),
        ("Ann, Bob and ann", "ann"),
        ("it is what it is", ""),
        ("Don't don't don't call Zoë", "Zoë"),
    ],
)
def test_the_most_frequent_word_is_no_function_word(text: str, word: str) -> None:
    assert most_frequent_word(text) == word


def test_plain_text_is_read_as_it_is_and_may_be_counted_on_another() -> None:
    record = {"text": " It is n't . \n"}
    made = example(plain_text(text="text", **common(record)), record)
    assert (made.prompt, made.target, made.segments) == ("", record["text"], (record["text"],))
    natural = plain_text(
        text=lambda row: row["text"].replace(" n't .", "n't."),
        original="text",
        **common(record),
    )
    made = example(natural, record)
    assert (made.target, made.segments) == (" It isn't. \n", (" It is n't . \n",))


def test_a_rejected_record_is_named_and_the_others_stay() -> None:
    found = rows(same(), SAME, {**SAME, "same": 7}, SAME)
    assert [isinstance(row, Rejected) for row in found] == [False, True, False]
    assert isinstance(found[1], Rejected)
    assert found[1].where.startswith('record 2 of test: \'7\': {"a": "It rains."')


def test_ids_and_groups_are_columns_or_the_record_itself() -> None:
    (plain,) = rows(same(), SAME)
    assert isinstance(plain, Mapping)
    assert plain["id"] == plain["group"]
    task = same(id="number", group="author", specimens=[{**SAME, "number": 0, "author": "x"}])
    (named,) = rows(task, {**SAME, "number": 17, "author": "Ann"})
    assert isinstance(named, Mapping)
    assert (named["id"], named["group"]) == ("17", "Ann")
    assert task.columns == ("a", "b", "same", "number", "author")
    assert reason(task, SAME) == "field missing"
    assert reason(task, {**SAME, "number": "", "author": "Ann"}) == "field empty"
    (made,) = rows(same(group=lambda row: row["a"][:2]), SAME)
    assert isinstance(made, Mapping)
    assert made["group"] == "It"


def test_a_record_s_own_id_depends_on_what_its_row_is_made_of_and_nothing_else() -> None:
    first, more, other = rows(same(), SAME, {"date": 5, **SAME}, {**SAME, "same": 0})
    assert isinstance(first, Mapping)
    assert isinstance(more, Mapping)
    assert isinstance(other, Mapping)
    assert first["id"] == more["id"] != other["id"]
    by_function = topic(text=lambda row: row.get("subject", ""), columns=())
    one, two = rows(by_function, TOPIC, {**TOPIC, "subject": "Slow"})
    assert isinstance(one, Mapping)
    assert isinstance(two, Mapping)
    assert one["id"] != two["id"]


def keys(task: Task, record: Row) -> tuple[str, ...]:
    (row,) = rows(task, record)
    assert not isinstance(row, Rejected)
    return task.keys(row)


def test_rows_with_the_same_prompt_are_one_question() -> None:
    shouted = {**TOPIC, "subject": "CRASH ", "topic": "idea"}
    assert keys(topic(), TOPIC) == keys(topic(), shouted)
    assert keys(topic(), TOPIC) != keys(topic(), {**TOPIC, "subject": "Crashes"})


def test_twins_with_another_right_choice_are_two_questions() -> None:
    assert keys(ending(), ENDING) == keys(ending(), {**ENDING, "ends": ["cold.", "warm."]})
    assert keys(ending(), ENDING) != keys(ending(), {**ENDING, "right": 1})


def test_the_version_changes_with_the_wording_and_with_nothing_else() -> None:
    version = topic().template_hash
    assert version == topic(description="Another.", source=Source(path="b")).template_hash
    assert version != topic(question="It is").template_hash
    assert version != topic(labels={"bug": "bug", "idea": "an idea"}).template_hash
    assert version != topic(text="{subject}: {body}").template_hash
