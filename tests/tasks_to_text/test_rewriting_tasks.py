"""Translations and summaries: published rows in, text out, white space included."""

import pytest

from tasks_to_text import registry
from tests.tasks_to_text.golden import Golden, Record, check, example, reason

PAIR = {"translation": {"en": "It rains!", "fr": " Il pleut\u00a0!\n"}}
NEWS = {
    "id": "f001",
    "article": "LONDON (Reuters) -- It rained 1.5 inches. A\nbridge fell. Nobody was hurt. Rain.",
    "highlights": "Rain fells a bridge .\nNobody is hurt .",
}
PAPER = {
    "paper_id": "p1",
    "source": ["We sort  lists.", "", "It is fast."],
    "source_labels": [0, 0, 1],
    "rouge_scores": [0.1, 0.0, 0.2],
    "target": ["A fast sort.", "Sorting."],
}
ROWS: dict[str, Record] = {
    **dict.fromkeys(("wmt14_fr_en", "multi30k_fr_en", "tatoeba_fr_en"), PAIR),
    **dict.fromkeys(("wmt14_en_fr", "multi30k_en_fr", "tatoeba_en_fr"), PAIR),
    "cnn_dailymail": NEWS,
    "scitldr": PAPER,
}
_FR_EN = {
    "main": ("French: Il pleut !\nEnglish:", " It rains!"),
    "gpt2": ("Il pleut ! =", " It rains!"),
}
_EN_FR = {
    "main": ("English: It rains!\nFrench:", " Il pleut !"),
    "gpt2": ("It rains! =", " Il pleut !"),
}
_SUMMARY = " Rain fells a bridge . Nobody is hurt ."
GOLDEN: Golden = {
    **dict.fromkeys(("wmt14_fr_en", "multi30k_fr_en", "tatoeba_fr_en"), _FR_EN),
    **dict.fromkeys(("wmt14_en_fr", "multi30k_en_fr", "tatoeba_en_fr"), _EN_FR),
    "cnn_dailymail": {
        "main": (f"{NEWS['article']}\nTL;DR:", _SUMMARY),
        "no_hint": (NEWS["article"], _SUMMARY),
    },
    "scitldr": {
        "main": ("We sort lists. It is fast.\nTL;DR:", " A fast sort."),
        "no_hint": ("We sort lists. It is fast.", " A fast sort."),
        "asked": ("We sort lists. It is fast.\nIn one sentence:", " A fast sort."),
    },
}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_text(name: str) -> None:
    check(name, ROWS[name], GOLDEN[name])


def test_a_solved_pair_of_gpt2_s_wording_is_an_equation() -> None:
    assert example("wmt14_en_fr", PAIR, "gpt2").text == "It rains! = Il pleut !"
    shots = {name: registry.get(name).few_shot for name in GOLDEN}
    assert {name for name, n in shots.items() if n} == {"wmt14_en_fr", "wmt14_fr_en"}
    assert shots["wmt14_en_fr"] == 5


def test_news_is_summarised_as_gpt2_did() -> None:
    task, made = registry.get("cnn_dailymail"), example("cnn_dailymail", NEWS)
    assert (task.max_tokens, task.top_k, task.sentences) == (100, 2, 3)
    assert task.baselines["lead3"](made) == (
        "LONDON (Reuters) -- It rained 1.5 inches. A bridge fell. Nobody was hurt."
    )
    assert task.baselines["lead"](made) == "LONDON (Reuters) -- It rained 1.5 inches."
    assert (made.example_id, made.segments) == ("f001", (NEWS["article"],))


def test_any_summary_of_a_paper_counts() -> None:
    made = example("scitldr", PAPER)
    assert made.references == ("A fast sort.", "Sorting.")
    assert (made.example_id, made.group) == ("p1", "p1")
    assert example("scitldr", {**PAPER, "target": "One."}).references == ("One.",)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("wmt14_en_fr", {"translation": {"en": "Yes."}}, "field missing"),
        ("multi30k_en_fr", {"translation": {"en": "Yes.", "fr": " "}}, "field empty"),
        ("cnn_dailymail", {"highlights": ""}, "no answer"),
        ("cnn_dailymail", {"article": None}, "field missing"),
        ("scitldr", {"target": []}, "no answer"),
        ("scitldr", {"source": [" "]}, "field empty"),
        ("scitldr", {"source": None}, "TypeError in a function of the task"),
    ],
)
def test_bad_rows_are_counted_by_reason(name: str, change: Record, expected: str) -> None:
    assert reason(name, {**ROWS[name], **change}) == expected
