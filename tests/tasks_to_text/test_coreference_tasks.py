"""Whom a pronoun or a blank means: published rows in, text out, white space included."""

from collections import Counter

import pytest

from tasks_to_text import registry
from tasks_to_text.selection import select
from tasks_to_text.task import Rejected
from tasks_to_text.tasks.winograd import schema_groups
from tests.tasks_to_text.golden import (
    Golden,
    Record,
    check,
    example,
    published,
    real_rows,
    reason,
    row_of,
)

TROPHY = {
    "text": "The trophy doesn't fit into the brown suitcase because it is too large.",
    "pronoun": "it",
    "pronoun_loc": 55,
    "quote": "it is too large",
    "quote_loc": 55,
    "options": ["The trophy", "the suitcase"],
    "label": 0,
    "source": "x",
}
ROWS: dict[str, Record] = {
    "winograd_wsc": TROPHY,
    "wsc273": TROPHY,
    "winogrande": {
        "sentence": "Ann lent Mia her car because _ was late .",
        "option1": "Ann",
        "option2": "Mia",
        "answer": "2",
    },
    "winogender": {
        "sentid": "nurse.someone.1.neutral.txt",
        "sentence": "The nurse told someone that they would wait.",
        "occupation": "nurse",
        "participant": "someone",
        "label": 1,
        "gender": "neutral",
    },
    "gap": {
        "ID": "test-1",
        "Text": "Bob saw Tom. His uncle and his cousin left.",
        "Pronoun": "his",
        "Pronoun-offset": "27",
        "A": "Bob",
        "A-offset": "0",
        "A-coref": "FALSE",
        "B": "Tom",
        "B-offset": "8",
        "B-coref": "TRUE",
        "URL": "http://en.wikipedia.org/wiki/Bob",
    },
}
_SUITCASE = "The trophy doesn't fit into the brown suitcase because"
_WINOGRAD = {
    "main": ((f"{_SUITCASE} the trophy", f"{_SUITCASE} the suitcase"), " is too large.", 0),
    "full": (
        "",
        (f"{_SUITCASE} the trophy is too large.", f"{_SUITCASE} the suitcase is too large."),
        0,
    ),
    "lm_eval": ((f"{_SUITCASE} the trophy", f"{_SUITCASE} the suitcase"), "  is too large.", 0),
}
GOLDEN: Golden = {
    "winograd_wsc": _WINOGRAD,
    "wsc273": _WINOGRAD,
    "winogrande": {
        "main": (
            ("Ann lent Mia her car because Ann", "Ann lent Mia her car because Mia"),
            " was late .",
            1,
        ),
        "full": (
            "",
            (
                "Ann lent Mia her car because Ann was late .",
                "Ann lent Mia her car because Mia was late .",
            ),
            1,
        ),
        "letters": (
            "Ann lent Mia her car because _ was late .\nWhat does the blank stand for?\n"
            "A. Ann\nB. Mia\nAnswer:",
            (" A", " B"),
            1,
        ),
        "lm_eval": (
            ("Ann lent Mia her car because Ann", "Ann lent Mia her car because Mia"),
            " was late .",
            1,
        ),
    },
    "winogender": {
        "main": (
            "The nurse told someone that they would wait. “they” refers to",
            (" the nurse", " someone"),
            1,
        ),
        "letters": (
            "The nurse told someone that they would wait.\nWhom does “they” mean?\n"
            "A. the nurse\nB. someone\nAnswer:",
            (" A", " B"),
            1,
        ),
    },
    "gap": {
        "main": (
            "Bob saw Tom. His uncle and [his] cousin left.\n[his] means",
            (" Bob", " Tom", " neither"),
            1,
        ),
        "letters": (
            "Bob saw Tom. His uncle and [his] cousin left.\nWhom does [his] mean?\n"
            "A. Bob\nB. Tom\nC. neither\nAnswer:",
            (" A", " B", " C"),
            1,
        ),
    },
}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_text(name: str) -> None:
    check(name, ROWS[name], GOLDEN[name])


def winograd(text: str, pronoun: str, *options: str) -> Record:
    """A schema whose pronoun is its first word of that spelling."""
    place = f" {text}".index(f" {pronoun}")
    return {"text": text, "pronoun": pronoun, "pronoun_loc": place, "options": options, "label": 0}


@pytest.mark.parametrize(
    ("text", "pronoun", "options", "ours", "harness"),
    [
        ("Ann ran. She won.", "She", ["the cat", "Ann"], "The cat, Ann", "the cat, Ann"),
        ("Ann ran. She won.", "She", ["The cat", "Ann"], "The cat, Ann", "The cat, Ann"),
        ("The man saw that he won.", "he", ["The man", "Bob"], "the man, Bob", "the man, Bob"),
        ("People saw that they won.", "they", ["People", "Bo"], "people, Bo", "People, Bo"),
        ("Jim took his bag.", "his", ["Jim", "The man"], "Jim's, the man's", "Jim's, the man's"),
        ("Ann took her bag.", "her", ["Ann", "Sue"], "Ann's, Sue's", "Ann's, Sue's"),
        ("Jim saw her.", "her", ["Ann", "Sue"], "Ann, Sue", "Ann's, Sue's"),
        ("It lost its lid.", "its", ["The pot", "Bo"], "the pot's, Bo's", "the pot, Bo"),
        ("Eve saw them there.", "them", ["cats", "The dogs"], "cats, the dogs", "cats, the dogs"),
    ],
)
def test_a_candidate_takes_the_pronoun_s_place_and_case(
    text: str, pronoun: str, options: list[str], ours: str, harness: str
) -> None:
    record = winograd(text, pronoun, *options)
    before, after = text[: record["pronoun_loc"]], text[record["pronoun_loc"] + len(pronoun) :]
    for template, expected in (("main", ours), ("lm_eval", harness)):
        made = example("wsc273", record, template)
        assert made.contexts == tuple(before + one for one in expected.split(", "))
    assert example("wsc273", record).target == after
    assert example("wsc273", record, "lm_eval").target == f" {after}"


def test_no_space_comes_before_what_closes_a_word() -> None:
    saw = winograd("Jim saw her.", "her", "Ann", "Sue")
    assert example("wsc273", saw).requests == (("Jim saw Ann", "."), ("Jim saw Sue", "."))
    at = {**ROWS["winogrande"], "sentence": "Ann saw Mia at _'s."}
    assert example("winogrande", at).target == "'s."
    assert example("winogrande", at, "lm_eval").target == " 's."


def test_twins_are_one_group_even_where_their_candidates_differ() -> None:
    def schema(text: str, *options: str) -> Record:
        return {"text": text, "options": options}

    records = [
        schema("Tom beat Jim because he was strong.", "Tom", "Jim"),
        schema("Tom beat Jim because he was weak.", "tom", "jim"),
        schema("I put the wing on the table and it broke.", "The wing", "The table"),
        schema("I put the book on the table and it broke.", "The book", "The table"),
        schema("Something else entirely is said here by her.", "Sue", "Ann"),
    ]
    groups = schema_groups(records)
    assert groups[0] == groups[1]
    assert groups[2] == groups[3]
    assert len(set(groups)) == 3
    rows = list(registry.get("wsc273").rows([TROPHY, {**TROPHY, "label": 1}], "test"))
    assert len({row["group"] for row in rows if not isinstance(row, Rejected)}) == 1


def test_beginnings_with_another_ending_are_another_question() -> None:
    task = registry.get("winogrande")
    other = {**ROWS["winogrande"], "sentence": "Ann lent Mia her car because _ was ill."}
    keys = {
        task.keys(row)
        for row in task.rows([ROWS["winogrande"], other], "test")
        if not isinstance(row, Rejected)
    }
    assert len(keys) == 2


def test_twins_of_winogrande_and_pages_and_occupations_are_groups() -> None:
    twin = {**ROWS["winogrande"], "option1": "mia", "option2": "Ann "}
    assert example("winogrande", ROWS["winogrande"]).group == "ann | mia"
    assert example("winogrande", twin).group == "ann | mia"
    assert example("winogender", ROWS["winogender"]).group == "nurse"
    assert example("gap", ROWS["gap"]).group == "http://en.wikipedia.org/wiki/Bob"


def test_a_selection_of_winogender_has_as_many_of_each_gender() -> None:
    task = registry.get("winogender")
    records = [
        {
            **ROWS["winogender"],
            "sentid": f"{number}.{gender}",
            "sentence": f"Nurse {number} said that {pronoun} sang.",
            "gender": gender,
        }
        for number in range(4)
        for gender, pronoun in (("male", "he"), ("female", "she"), ("neutral", "they"))
        if number or gender != "male"
    ]
    rows = [row for row in task.rows(records, "test") if not isinstance(row, Rejected)]
    chosen = select(task, "test", rows, taken=set(), limit=100, seed=0)
    genders = Counter(row["record"]["gender"] for row in chosen.rows)
    assert genders == {"male": 3, "female": 3, "neutral": 3}


@pytest.mark.parametrize(("a", "b", "gold"), [(True, False, 0), ("FALSE", "FALSE", 2)])
def test_gap_reads_truth_values_of_both_forms(a: object, b: object, gold: int) -> None:
    given = {**ROWS["gap"], "A-coref": a, "B-coref": b, "Pronoun-offset": 27}
    assert example("gap", given).gold == gold


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("wsc273", {"options": []}, "empty choice list"),
        ("wsc273", {"label": 2}, "label out of range"),
        ("wsc273", {"pronoun_loc": 54}, "pronoun not at its place"),
        ("winogrande", {"answer": ""}, "ValueError in a function of the task"),
        ("winogrande", {"answer": "3"}, "label out of range"),
        ("winogrande", {"sentence": "No gap."}, "no blank"),
        ("winogrande", {"option2": "Ann"}, "choices repeated"),
        ("winogender", {"label": 2}, "label out of range"),
        ("winogender", {"sentence": "She saw her."}, "not one pronoun"),
        ("gap", {"Pronoun-offset": "26"}, "pronoun not at its place"),
        ("gap", {"A-coref": "TRUE"}, "label out of range"),
        ("gap", {"B": "Bob"}, "choices repeated"),
    ],
)
def test_bad_rows_are_counted_by_reason(name: str, change: Record, expected: str) -> None:
    assert reason(name, {**ROWS[name], **change}) == expected


@real_rows
def test_the_273_schemas_are_twins() -> None:
    records = published(registry.get("winograd_wsc"))["test"]
    first = published(registry.get("wsc273"))["test"]
    assert (len(records), len(first)) == (285, 273)
    assert [row["text"] for row in first] == [row["text"] for row in records[:273]]
    sizes = Counter(schema_groups(first))
    assert min(sizes.values()) >= 2
    assert len(sizes) >= 125
    assert not isinstance(row_of("wsc273", dict(first[0])), Rejected)
