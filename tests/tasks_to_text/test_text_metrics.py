"""What exact_match, f1, rouge, bleu and chrf count, on texts small enough to check by hand."""

import random
import socket

import pytest
from rouge_score.rouge_scorer import RougeScorer  # type: ignore[import-untyped]
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from tasks_to_text.text_metrics import (
    corpus_interval,
    exact_match,
    f1,
    item_values,
    literal_match,
    normalized,
)

WORDS = ["red", "house", "stands", "by", "river", "where", "boats", "of", "old", "wood", "sleep"]


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("The Cat", "cat"),
        ("an  apple,\ta day", "apple day"),
        ("U.S.A.", "usa"),
        ("theatre", "theatre"),
        ("a-b", "ab"),
        ("The.", ""),
    ],
)
def test_case_punctuation_articles_and_white_space_do_not_count(text: str, bare: str) -> None:
    assert normalized(text) == bare


def test_exact_match_is_with_any_reference() -> None:
    assert exact_match("the Tower!", ["a bridge", "tower"]) == 1.0
    assert exact_match("towers", ["tower"]) == 0.0


def test_literal_match_tells_apart_what_cleaning_makes_alike() -> None:
    assert exact_match("]", ["(A)"]) == 1.0, "nothing is left of either"
    assert literal_match("]", ["(A)"]) == literal_match("A", ["(A)"]) == 0.0
    assert literal_match(" ]  )\n", ["(A)", "] )"]) == 1.0
    assert item_values(("literal_match",), ["(a)"], [("(A)",)]) == [{"literal_match": 0.0}]


def test_f1_counts_each_word_as_often_as_both_have_it() -> None:
    # Two of the three words of the answer are among the four of the reference.
    assert f1("red red car", ["big red red bus"]) == pytest.approx(2 * 2 / (3 + 4))
    assert f1("red red red", ["red"]) == pytest.approx(2 * 1 / (3 + 1))
    assert f1("river", ["red house", "old river"]) == pytest.approx(2 / 3)


def test_an_empty_answer_equals_an_empty_reference_only() -> None:
    assert f1("", ["The."]) == f1("a", [""]) == exact_match("the", ["..."]) == 1.0
    assert f1("", ["word"]) == f1("word", ["the"]) == exact_match("", ["word"]) == 0.0
    assert exact_match("", ["the", "word"]) == 0.0, "a reference that cleaning empties is left out"


def test_rouge_by_hand() -> None:
    answer, reference = "red house stands here", "red boats house"
    (values,) = item_values(["rouge_1", "rouge_2", "rouge_l"], [answer], [(reference,)])
    assert values["rouge_1"] == pytest.approx(2 * 2 / (4 + 3))
    assert values["rouge_2"] == 0.0
    assert values["rouge_l"] == pytest.approx(2 * 2 / (4 + 3))
    (stemmed,) = item_values(["rouge_1"], ["sleeping boats"], [("boat sleeps", "unrelated")])
    assert stemmed["rouge_1"] == 1.0, "stemmed, the best reference"


def test_rouge_reads_other_scripts() -> None:
    metrics = ["rouge_1", "rouge_2", "rouge_l"]
    (same,) = item_values(metrics, ["привет мир"], [("Привет, мир!",)])
    assert same == dict.fromkeys(metrics, 1.0)
    (half,) = item_values(["rouge_1"], ["привет дом"], [("привет мир",)])
    assert half["rouge_1"] == 0.5
    (mixed,) = item_values(["rouge_1"], ["sleeping café"], [("Café sleeps",)])
    assert mixed["rouge_1"] == 1.0, "English words keep their stems"


def test_rouge_of_english_is_the_published_one() -> None:
    texts = [
        "The boats' owners\nwere sleeping; x_max = 1.5.",
        "“Boats – and owners” sleep… on 5 m² of wood",
        "It's e-mail, isn't it?",
        "",
    ]
    names = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}
    public = RougeScorer(list(names.values()), use_stemmer=True)
    for answer in texts:
        for reference in texts:
            expected = public.score(reference, answer)
            (values,) = item_values(list(names), [answer], [(reference,)])
            assert values == {ours: expected[theirs].fmeasure for ours, theirs in names.items()}


def test_rouge_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert item_values(["rouge_l"], ["x y"], [("x y",)]) == [{"rouge_l": 1.0}]


def _corpus(n: int) -> tuple[list[str], list[tuple[str, ...]]]:
    rng = random.Random(3)

    def sentence() -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(3, 12)))

    references = [tuple(sentence() for _ in range(rng.randint(1, 3))) for _ in range(n)]
    answers = [" ".join(row[0].split()[: rng.randint(1, 9)]) or "x" for row in references]
    return [answer if i % 4 else sentence() + " ." for i, answer in enumerate(answers)], references


@pytest.mark.parametrize(("metric", "public"), [("bleu", BLEU()), ("chrf", CHRF())])
def test_pooled_counts_give_the_published_score(metric: str, public: BLEU | CHRF) -> None:
    answers, references = _corpus(40)
    columns = [[row[i] if i < len(row) else None for row in references] for i in range(3)]
    expected = public.corpus_score(answers, columns).score  # type: ignore[arg-type]
    groups = [f"g{i // 2}" for i in range(40)]
    interval = corpus_interval(metric, answers, references, groups, seed=0)
    assert interval.value == pytest.approx(expected, abs=1e-9)
    assert interval.low < interval.value < interval.high
    assert corpus_interval(metric, answers, references, groups, seed=0) == interval


@pytest.mark.parametrize("metric", ["bleu", "chrf"])
def test_the_value_of_one_answer_is_the_sentence_score(metric: str) -> None:
    answers, references = _corpus(10)
    judge = BLEU(effective_order=True) if metric == "bleu" else CHRF()
    values = item_values([metric], answers, references)
    for answer, accepted, value in zip(answers, references, values, strict=True):
        assert value[metric] == pytest.approx(judge.sentence_score(answer, list(accepted)).score)


@pytest.mark.parametrize("metric", ["bleu", "chrf"])
def test_empty_answers_score_nothing(metric: str) -> None:
    interval = corpus_interval(metric, ["", ""], [("a b c",), ("d",)], ["g", "h"], seed=0)
    assert interval == (0.0, 0.0, 0.0, 0.0)
    assert item_values([metric], [""], [("a b",)]) == [{metric: 0.0}]
