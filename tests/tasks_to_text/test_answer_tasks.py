"""Tasks whose answer is written: published rows in, text out, white space included."""

from typing import Any

import pytest

from tasks_to_text import registry
from tasks_to_text.task import Rejected
from tasks_to_text.tasks.reasoning import gsm8k_number
from tests.tasks_to_text.golden import Golden, Record, check, example, reason, shown

RUGBY = {
    "id": "56ddde6b",
    "title": "Rugby_(sport)",
    "context": " Rugby is a sport.",
    "question": " What is Rugby?",
    "answers": {"text": ["a sport", "sport", "a sport"], "answer_start": [9, 11, 9]},
}
STORY: Record = {
    "source": "mctest",
    "story": "Cotton is a cat.\n\nShe is white. ",
    "questions": ["Who is  Cotton?", "What colour?", "Is she a dog?"],
    "answers": {
        "input_text": ["a cat", " white", "no"],
        "answer_start": [0, 25, -1],
        "answer_end": [15, 30, -1],
    },
}
ROWS: dict[str, Record] = {
    "squad": RUGBY,
    "xquad_en": RUGBY,
    "squad_v2": RUGBY,
    "boolq": {"question": "is ice cold", "answer": False, "passage": "Ice is frozen water.\n"},
    "nq_open": {"question": "who wrote it", "answer": ["Bob Russell", "Bobby Scott"]},
    "gsm8k": {
        "question": "Ann buys 3 pens\nfor $400 each. How much?",
        "answer": "Each is $400.\nShe pays 3*400 = $<<3*400=1200>>1,200.\n#### 1,200",
    },
    "bbh": {
        "task": "dyck_languages",
        "input": "Close: [ ( \nOptions:\n(A) one",
        "target": ") ]",
    },
}
_RUGBY = "Title: Rugby (sport)\nBackground: Rugby is a sport.\nQuestion: What is Rugby?\nAnswer:"
_BRIEF = ("Rugby is a sport.\nQ: What is Rugby?\nA:", " a sport")
_ICE = "Ice is frozen water.\nQuestion: is ice cold?\n"
_PENS = "Question: Ann buys 3 pens for $400 each. How much?\nAnswer:"
GOLDEN: Golden = {
    "squad": {"main": (_RUGBY, " a sport"), "brief": _BRIEF},
    "xquad_en": {
        "main": (_RUGBY, " a sport"),
        "brief": _BRIEF,
        "lm_eval": (
            "Context:  Rugby is a sport.\n\nQuestion:  What is Rugby?\n\nAnswer:",
            " a sport",
        ),
    },
    "squad_v2": {
        "main": (_RUGBY, " a sport"),
        "brief": _BRIEF,
        "offered": (
            _RUGBY.replace("Rugby?", "Rugby? (If the text does not say: unanswerable.)"),
            " a sport",
        ),
        "lm_eval": (
            "Title: Rugby_(sport)\n\nBackground:  Rugby is a sport.\n\nQuestion:  What is Rugby?"
            "\n\nAnswer:",
            " a sport",
        ),
    },
    "boolq": {
        "main": (f"Passage: {_ICE}Answer:", (" no", " yes"), 0),
        "true_or_false": (f"Passage: {_ICE}True or false?", (" false", " true"), 0),
        "yes_or_no": (f"{_ICE}Yes or no?", (" no", " yes"), 0),
        "lm_eval": (
            "Ice is frozen water.\n\nQuestion: is ice cold?\nAnswer:",
            (" no", " yes"),
            0,
        ),
    },
    "nq_open": {
        "main": ("Question: who wrote it?\nAnswer:", " Bob Russell"),
        "brief": ("Q: who wrote it?\nA:", " Bob Russell"),
        "lm_eval": ("Answer these questions:\n\nQ: who wrote it?\nA:", " Bob Russell"),
    },
    "gsm8k": {
        "main": (_PENS, " 1200"),
        "worked": (_PENS, " Each is $400. She pays 3*400 = $1,200. #### 1200"),
    },
    "bbh": {
        "main": ("Q: Close: [ ( \nOptions:\n(A) one\nA:", " ) ]"),
        "words": ("Question: Close: [ ( \nOptions:\n(A) one\nAnswer:", " ) ]"),
    },
    "coqa": {
        "main": (
            "Cotton is a cat.\n\nShe is white.\nQ: Who is Cotton?\nA: a cat\n"
            "Q: What colour?\nA: white\nQ: Is she a dog?\nA:",
            " no",
        ),
        "words": (
            "Cotton is a cat.\n\nShe is white.\nQuestion: Who is Cotton?\nAnswer: a cat\n"
            "Question: What colour?\nAnswer: white\nQuestion: Is she a dog?\nAnswer:",
            " no",
        ),
        "lm_eval": (
            "Cotton is a cat.\n\nShe is white. \n\nQ: Who is  Cotton?\n\nA: a cat\n\n"
            "Q: What colour?\n\nA:  white\n\nQ: Is she a dog?\n\nA:",
            " no",
        ),
    },
}


@pytest.mark.parametrize("name", sorted(ROWS))
def test_golden_text(name: str) -> None:
    check(name, ROWS[name], GOLDEN[name])


def conversation(record: Record) -> list[Any]:
    return list(registry.get("coqa").rows([record], "test"))


def test_a_story_becomes_a_row_per_question_with_the_answers_before() -> None:
    task, rows = registry.get("coqa"), conversation(STORY)
    last = {name: shown(template(rows[2])) for name, template in task.templates.items()}
    assert last == GOLDEN["coqa"]
    first, second = task.template(rows[0]), task.template(rows[1])
    assert first.text == "Cotton is a cat.\n\nShe is white.\nQ: Who is Cotton?\nA: a cat"
    assert second.prompt == f"{first.text}\nQ: What colour?\nA:"
    assert second.text == f"{second.prompt} white"
    assert (first.group == second.group) and len({row["id"] for row in rows}) == 3
    assert task.columns == ("story", "questions", "answers")


def test_a_question_without_an_answer_is_no_part_of_the_conversation() -> None:
    answers = {"input_text": ["a cat", " ", "no"]}
    kept, bad, last = conversation({**STORY, "answers": answers})
    assert isinstance(bad, Rejected) and bad.reason == "no answer"
    prompt = registry.get("coqa").template(last).prompt
    assert prompt == "Cotton is a cat.\n\nShe is white.\nQ: Who is Cotton?\nA: a cat\n" + (
        "Q: Is she a dog?\nA:"
    )
    (whole,) = conversation({**STORY, "questions": ["Who?"]})
    assert isinstance(whole, Rejected)
    assert whole.reason == "questions and answers do not match"
    assert whole.where.startswith("record 1 of test: Cotton is a cat.")
    assert kept["id"] == conversation(STORY)[0]["id"]


def test_references() -> None:
    assert example("squad", RUGBY).references == ("a sport", "sport")
    assert example("squad_v2", RUGBY, "lm_eval").references == ("a sport", "sport")
    nothing = {**RUGBY, "answers": {"text": [], "answer_start": []}}
    for template in ("main", "brief", "lm_eval"):
        made = example("squad_v2", nothing, template)
        assert (made.target, made.references) == (" unanswerable", ("unanswerable",))
    assert example("gsm8k", ROWS["gsm8k"], "worked").references == ("1200",)
    assert example("nq_open", ROWS["nq_open"], "lm_eval").references == (
        "Bob Russell",
        "Bobby Scott",
    )


@pytest.mark.parametrize(
    ("answer", "number"),
    [("So 3.\n#### 3", "3"), ("#### -1,200.5", "-1200.5"), ("3 #### 4\n####  5 ", "5")],
)
def test_the_number_is_what_stands_behind_the_last_mark(answer: str, number: str) -> None:
    assert gsm8k_number({"answer": answer}) == number


def test_what_the_tasks_ask_of_a_model() -> None:
    asked = {name: registry.get(name) for name in GOLDEN}
    assert asked["nq_open"].few_shot == 5
    assert [asked[name].few_shot for name in ("gsm8k", "coqa", "bbh", "squad")] == [0, 0, 0, 0]
    assert asked["gsm8k"].metrics == ("number_match",)
    assert asked["bbh"].metrics == ("literal_match",)
    assert {asked[name].headline for name in ("coqa", "squad", "xquad_en")} == {"f1"}
    assert example("bbh", ROWS["bbh"]).group == "dyck_languages"
    assert example("squad", RUGBY).group == "Rugby_(sport)"


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("squad", {"answers": {"text": []}}, "no answer"),
        ("xquad_en", {"answers": None}, "TypeError in a function of the task"),
        ("boolq", {"answer": 2}, "label out of range"),
        ("nq_open", {"answer": []}, "no answer"),
        ("gsm8k", {"answer": "It is 3."}, "no answer"),
        ("gsm8k", {"answer": "It is 3.\n#### "}, "no answer"),
        ("bbh", {"target": " "}, "no answer"),
        ("bbh", {"input": ""}, "field empty"),
    ],
)
def test_bad_rows_are_counted_by_reason(name: str, change: Record, expected: str) -> None:
    assert reason(name, {**ROWS[name], **change}) == expected
