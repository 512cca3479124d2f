"""Tasks with several answers to choose from: published rows in, text out, white space included."""

from typing import Any

import pytest

from tasks_to_text import registry
from tasks_to_text.transformations import sequences
from tests.tasks_to_text.golden import Golden, Record, check, example, reason

ARC = {
    "id": "Mercury_1",
    "question": "Which is  coldest? ",
    "choices": {"text": ["ice", " steam", "rain"], "label": ["1", "2", "3"]},
    "answerKey": "2",
}
LETTERED = {**ARC, "choices": {**ARC["choices"], "label": ["A", "B", "C"]}, "answerKey": "A"}  # type: ignore[dict-item]
ROWS: dict[str, Record] = {
    "hellaswag": {
        "activity_label": "Cooking",
        "ctx_a": "How to cook [title] Take a pan. [step] Heat it.",
        "ctx_b": "the lady",
        "ctx": "How to cook [title] Take a pan. [step] Heat it. the lady",
        "endings": ["sings. ", "fries an egg. [substeps] Done.", "sleeps.", "leaves."],
        "label": "1",
    },
    "swag": {
        "video-id": "anetv_1",
        "startphrase": "A man sits. He",
        "sent1": "A man sits.",
        "sent2": "He",
        "ending0": "sings.",
        "ending1": "flies.",
        "ending2": "barks.",
        "ending3": "melts.",
        "label": 3,
    },
    "story_cloze": {
        "InputStoryid": "b929f263",
        "InputSentence1": "Rick was tired.",
        "InputSentence2": "He went to bed. ",
        "InputSentence3": "It was late.",
        "InputSentence4": "He slept.",
        "RandomFifthSentenceQuiz1": "He woke up.",
        "RandomFifthSentenceQuiz2": "He ate a car.",
        "AnswerRightEnding": 1,
    },
    "piqa": {"goal": "boil an egg ", "sol1": "Heat it.", "sol2": "Freeze it.", "label": 1},
    "arc_easy": ARC,
    "arc_challenge": LETTERED,
    "openbookqa": {
        "id": "7-980",
        "question_stem": "The sun is ",
        "choices": {"text": ["cold", "hot", "wet", "new"], "label": ["A", "B", "C", "D"]},
        "answerKey": "B",
    },
    "commonsense_qa": {
        "id": "1afa",
        "question": "Where do fish swim?",
        "question_concept": "fish",
        "choices": {
            "label": ["A", "B", "C", "D", "E"],
            "text": ["bank", "sea", "mall", "sky", "bed"],
        },
        "answerKey": "B",
    },
    "social_i_qa": {
        "context": "Ann fell.",
        "question": "How is she? ",
        "answerA": "sad",
        "answerB": "rich",
        "answerC": "tall",
        "label": "1",
    },
    "race_middle": {
        "example_id": "middle1.txt",
        "article": "Ann is a cook. \n\nShe is 30.",
        "question": "What is Ann?",
        "options": ["A cook.", "A nurse.", "A pilot.", "A judge."],
        "answer": "A",
    },
    "race_high": {
        "example_id": "high1.txt",
        "article": "Ann is a cook.",
        "question": "We learn that Ann  _  .",
        "options": ["cooks.", "nurses", "flies", "judges"],
        "answer": "B",
    },
    "dream": {
        "id": 0,
        "dialogue_id": "5-510",
        "dialogue": ["M: Is it late?", "W: It's  ten."],
        "question": "What time is it?",
        "choice": ["Nine.", "Ten.", "Noon."],
        "answer": "Ten.",
    },
}

_ABC = (" A", " B", " C")
_ABCD = (" A", " B", " C", " D")
_FISH = "Question: Where do fish swim?\nA. bank\nB. sea\nC. mall\nD. sky\nE. bed\nAnswer:"
GOLDEN: Golden = {
    "hellaswag": {
        "main": (
            "Cooking: How to cook. Take a pan. Heat it. The lady",
            (" sings.", " fries an egg. Done.", " sleeps.", " leaves."),
            1,
        ),
        "letters": (
            "Cooking: How to cook. Take a pan. Heat it. The lady ...\nWhich ending fits?\n"
            "A. sings.\nB. fries an egg. Done.\nC. sleeps.\nD. leaves.\nAnswer:",
            _ABCD,
            1,
        ),
        "lm_eval": (
            "Cooking: How to cook. Take a pan. Heat it. The lady",
            (" sings.", " fries an egg. Done.", " sleeps.", " leaves."),
            1,
        ),
    },
    "swag": {
        "main": ("A man sits. He", (" sings.", " flies.", " barks.", " melts."), 3),
        "letters": (
            "A man sits. He ...\nWhich ending fits?\n"
            "A. sings.\nB. flies.\nC. barks.\nD. melts.\nAnswer:",
            _ABCD,
            3,
        ),
    },
    "story_cloze": {
        "main": (
            "Rick was tired. He went to bed. It was late. He slept.",
            (" He woke up.", " He ate a car."),
            0,
        ),
        "letters": (
            "Rick was tired. He went to bed. It was late. He slept. ...\nWhich ending fits?\n"
            "A. He woke up.\nB. He ate a car.\nAnswer:",
            (" A", " B"),
            0,
        ),
    },
    "piqa": {
        "main": ("Goal: boil an egg \nSolution:", (" Heat it.", " Freeze it."), 1),
        "asked": ("Question: boil an egg \nAnswer:", (" Heat it.", " Freeze it."), 1),
        "letters": (
            "Goal: boil an egg \nWhich solution is right?\nA. Heat it.\nB. Freeze it.\nAnswer:",
            (" A", " B"),
            1,
        ),
        "lm_eval": ("Question: boil an egg \nAnswer:", (" Heat it.", " Freeze it."), 1),
    },
    "arc_easy": {
        "main": ("Question: Which is  coldest? \nAnswer:", (" ice", " steam", " rain"), 1),
        "letters": (
            "Question: Which is  coldest?\nA. ice\nB. steam\nC. rain\nAnswer:",
            _ABC,
            1,
        ),
        "lm_eval": ("Question: Which is  coldest? \nAnswer:", (" ice", "  steam", " rain"), 1),
    },
    "arc_challenge": {
        "main": ("Question: Which is  coldest? \nAnswer:", (" ice", " steam", " rain"), 0),
        "letters": (
            "Question: Which is  coldest?\nA. ice\nB. steam\nC. rain\nAnswer:",
            _ABC,
            0,
        ),
        "lm_eval": ("Question: Which is  coldest? \nAnswer:", (" ice", "  steam", " rain"), 0),
    },
    "openbookqa": {
        "main": ("The sun is", (" cold", " hot", " wet", " new"), 1),
        "asked": ("Question: The sun is \nAnswer:", (" cold", " hot", " wet", " new"), 1),
        "letters": ("Question: The sun is\nA. cold\nB. hot\nC. wet\nD. new\nAnswer:", _ABCD, 1),
        "lm_eval": ("The sun is", ("  cold", "  hot", "  wet", "  new"), 1),
    },
    "commonsense_qa": {
        "main": (
            "Question: Where do fish swim?\nAnswer:",
            (" bank", " sea", " mall", " sky", " bed"),
            1,
        ),
        "letters": (_FISH, (*_ABCD, " E"), 1),
        "lm_eval": (_FISH, (*_ABCD, " E"), 1),
    },
    "social_i_qa": {
        "main": ("Ann fell.\nQuestion: How is she? \nAnswer:", (" sad", " rich", " tall"), 0),
        "letters": (
            "Ann fell.\nQuestion: How is she?\nA. sad\nB. rich\nC. tall\nAnswer:",
            _ABC,
            0,
        ),
        "lm_eval": ("Q: Ann fell. How is she? \nA:", (" sad", " rich", " tall"), 0),
    },
    "race_middle": {
        "main": (
            "Ann is a cook. \n\nShe is 30.\nQuestion: What is Ann?\nAnswer:",
            (" A cook.", " A nurse.", " A pilot.", " A judge."),
            0,
        ),
        "letters": (
            "Ann is a cook. \n\nShe is 30.\nQuestion: What is Ann?\n"
            "A. A cook.\nB. A nurse.\nC. A pilot.\nD. A judge.\nAnswer:",
            _ABCD,
            0,
        ),
    },
    "race_high": {
        "main": (
            "Ann is a cook.\nStatement: We learn that Ann",
            (" cooks.", " nurses.", " flies.", " judges."),
            1,
        ),
        "letters": (
            "Ann is a cook.\nQuestion: We learn that Ann  _  .\n"
            "A. cooks.\nB. nurses\nC. flies\nD. judges\nAnswer:",
            _ABCD,
            1,
        ),
    },
    "dream": {
        "main": (
            "M: Is it late?\nW: It's ten.\nQuestion: What time is it?\nAnswer:",
            (" Nine.", " Ten.", " Noon."),
            1,
        ),
        "letters": (
            "M: Is it late?\nW: It's ten.\nQuestion: What time is it?\n"
            "A. Nine.\nB. Ten.\nC. Noon.\nAnswer:",
            _ABC,
            1,
        ),
    },
}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_text(name: str) -> None:
    check(name, ROWS[name], GOLDEN[name])


def test_harness_text_keeps_double_spaces_that_ours_makes_single() -> None:
    row = {
        **ROWS["hellaswag"],
        "ctx_a": "Sit [step]  down.",
        "ctx_b": "",
        "endings": [" a [x] [y] b", "c", "d", "e"],
    }
    harness = example("hellaswag", row, "lm_eval")
    assert harness.prompt == "Cooking: Sit  down."
    assert harness.choices[0] == " a  b"
    assert example("hellaswag", row).choices[0] == " a b"


@pytest.mark.parametrize(
    ("question", "prompt", "first"),
    [
        ("_  is the best title.", "Ann is a cook.\nStatement:", " cooks is the best title."),
        ("What is _ called?", "Ann is a cook.\nStatement: What is", " cooks. called?"),
        ("Ann likes ____", "Ann is a cook.\nStatement: Ann likes", " cooks."),
        ("Ann _ , and _ .", "Ann is a cook.\nStatement: Ann", " cooks, and _ ."),
    ],
)
def test_a_blank_is_where_the_answer_stands(question: str, prompt: str, first: str) -> None:
    made = example("race_high", {**ROWS["race_high"], "question": question})
    assert made.prompt == prompt
    assert made.choices[0] == first.replace("cooks is", "cooks. is")


def test_fine_tuning_reads_the_row_s_own_words() -> None:
    read = {
        name: sequences(registry.get(name), example(name, ROWS[name]))[0]
        for name in ("race_middle", "dream", "social_i_qa", "arc_easy", "piqa")
    }
    assert read == {
        "race_middle": ("Ann is a cook. \n\nShe is 30.", "What is Ann?", "A cook."),
        "dream": ("M: Is it late?\nW: It's ten.", "What time is it?", "Nine."),
        "social_i_qa": ("Ann fell.", "How is she?", "sad"),
        "arc_easy": ("Which is  coldest?", "ice"),
        "piqa": ("boil an egg", "Heat it."),
    }


def test_groups() -> None:
    groups = {name: example(name, row).group for name, row in ROWS.items()}
    assert groups["arc_easy"] == "Which is  coldest?"
    assert groups["openbookqa"] == example("openbookqa", ROWS["openbookqa"]).example_id
    assert groups["commonsense_qa"] == "Where do fish swim?"
    assert groups["social_i_qa"] == "Ann fell."
    assert groups["piqa"] == "boil an egg"
    assert groups["swag"] == "A man sits. He"
    assert groups["dream"] == "5-510"
    assert groups["story_cloze"] == "b929f263"
    again = example("race_high", {**ROWS["race_high"], "question": "Why?"})
    assert again.group == groups["race_high"] != groups["race_middle"]


def _choices(*texts: str | None) -> dict[str, Any]:
    return {"choices": {"text": list(texts), "label": list("ABCDE")[: len(texts)]}}


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("arc_easy", {"answerKey": "A"}, "label out of range"),
        ("arc_easy", {"answerKey": None}, "AttributeError in a function of the task"),
        ("arc_challenge", _choices("ice", " ", "rain"), "field empty"),
        ("arc_challenge", _choices("ice", None, "rain"), "field missing"),
        ("arc_challenge", _choices("ice", "ice ", "rain"), "choices repeated"),
        ("openbookqa", {"answerKey": "E"}, "label out of range"),
        ("openbookqa", {"question_stem": " "}, "field empty"),
        ("commonsense_qa", {"answerKey": ""}, "label out of range"),
        ("commonsense_qa", _choices("a", "b", "sea", "a", "c"), "choices repeated"),
        ("social_i_qa", {"label": "0"}, "label out of range"),
        ("social_i_qa", {"label": "4"}, "label out of range"),
        ("piqa", {"label": -1}, "label out of range"),
        ("piqa", {"sol2": ""}, "field empty"),
        ("swag", {"label": 4}, "label out of range"),
        ("swag", {"ending3": None}, "field missing"),
        ("story_cloze", {"AnswerRightEnding": 3}, "label out of range"),
        ("story_cloze", {"AnswerRightEnding": ""}, "ValueError in a function of the task"),
        ("story_cloze", {"InputStoryid": ""}, "field empty"),
        ("race_high", {"answer": "E"}, "label out of range"),
        ("race_high", {"answer": ""}, "label out of range"),
        ("race_high", {"options": ["cooks", "", "flies", "judges"]}, "field empty"),
        ("race_middle", {"options": []}, "empty choice list"),
        ("dream", {"answer": "One."}, "label out of range"),
        ("dream", {"dialogue": []}, "field empty"),
    ],
)
def test_bad_rows_are_counted_by_reason(name: str, change: Record, expected: str) -> None:
    assert reason(name, {**ROWS[name], **change}) == expected
