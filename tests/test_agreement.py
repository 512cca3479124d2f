"""Our scores are lm-evaluation-harness' on one model, and the comparison sees what is not equal."""

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.agreement import ours, suites
from benchmarks.agreement.agree import ADAPTER, HUGGING_FACE, agree, show
from benchmarks.agreement.compare import MARGIN, Compared, compare
from benchmarks.agreement.rows_choices import LONG
from benchmarks.agreement.suites import PMI, Suite
from benchmarks.agreement.theirs import Theirs
from gptcore.scoring import Scorer
from tasks_to_text.example import Example
from tasks_to_text.task import LM_EVAL, Row

NAMES = (
    *("hellaswag", "lambada_openai", "wsc273", "arc_easy", "arc_challenge", "boolq", "piqa"),
    *("sst2", "wikitext", "nq_open", "bare_requests"),
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("agreement")


@pytest.fixture(scope="module")
def compared(directory: Path) -> list[Compared]:
    """The whole comparison on the rows written by us."""
    return agree(suites.suites(), directory)


@pytest.fixture(scope="module")
def scorer(compared: list[Compared], directory: Path) -> Scorer:
    return Scorer.load(directory / "weights", directory / "tokenizer", threads=1)


def _suite(name: str) -> Suite:
    return next(suite for suite in suites.suites() if suite.name == name)


def test_every_task_agrees_on_both_models(compared: list[Compared]) -> None:
    assert [(one.task, one.against) for one in compared] == [
        (name, way) for name in NAMES for way in (ADAPTER, HUGGING_FACE)
    ]
    assert {one.task: one.problems for one in compared if one.problems} == {}
    summed_in_fp32 = ("wikitext", HUGGING_FACE)  # thousands of nats
    assert max(
        one.difference for one in compared if (one.task, one.against) != summed_in_fp32
    ) < 1e-4  # fmt: skip
    assert all(one.items == one.rows >= 19 for one in compared)


def test_the_comparison_is_of_more_than_constants(compared: list[Compared], scorer: Scorer) -> None:
    by_name = {one.task: one for one in compared}
    assert 0 < by_name["lambada_openai"].metrics["acc"][0] < 1
    asked = ours.examples_of(_suite("nq_open"))[1]
    found = ours.run(_suite("nq_open"), asked, scorer)
    written = {text for answers in found.answers for text in answers}
    assert len(written) > 5 and any(text.strip() for text in written)


def test_rows_hold_letters_beyond_ascii_empty_contexts_and_more_than_fits(scorer: Scorer) -> None:
    limit = scorer._model.config.context_length
    assert len(scorer._tokenizer.encode(LONG)) > limit
    for suite in suites.suites():
        text = "".join(map(str, suite.rows))
        assert not text.isascii() and LONG[:60].lower() in text.lower(), suite.name
    (pmi,) = (suite for suite in suites.suites() if suite.name == "arc_easy")
    asked = ours.run(pmi, ours.examples_of(pmi)[1], scorer).requests
    assert PMI in pmi.metrics and all(any(c == "" for c, _ in one) for one in asked)  # type: ignore[misc]


def test_where_no_wording_is_the_harness_our_own_is() -> None:
    main = {suite.name for suite in suites.suites() if suite.task and suite.wording != LM_EVAL}
    assert main == {"lambada_openai"}


def test_the_two_spaces_of_wsc273_stand_beside_our_one() -> None:
    suite = _suite("wsc273")
    assert suite.task is not None
    row: Any = next(iter(suite.task.rows(suite.rows[:1], "test")))
    assert suite.task.templates[LM_EVAL](row).target == "  was too tall."
    assert suite.task.template(row).target == " was too tall."


@pytest.fixture
def altered(tmp_path: Path) -> Iterator[Suite]:
    """PIQA in a wording with one space too many."""
    suite = _suite("piqa")
    assert suite.task is not None
    wording = suite.task.wordings[LM_EVAL]

    def spaced(row: Row) -> Example:
        one = wording(row)
        return dataclasses.replace(one, prompt=one.prompt.replace("\nAnswer", "\n Answer"))

    task = dataclasses.replace(suite.task, wordings={**suite.task.wordings, LM_EVAL: spaced})
    yield dataclasses.replace(suite, task=task)


def test_one_space_more_in_a_wording_is_found_and_shown(altered: Suite, tmp_path: Path) -> None:
    found = agree([altered, _suite("nq_open")], tmp_path)
    by_name = {(one.task, one.against): one for one in found}
    for way in (ADAPTER, HUGGING_FACE):
        piqa = by_name["piqa", way]
        assert "item 0: asked 'Question: keep bread fresh\\n Answer:'" in piqa.problems[0]
        assert piqa.difference > 1e-4 and not by_name["nq_open", way].problems
    told = io.StringIO()
    show(Console(file=told, width=110), found)
    assert "no" in told.getvalue() and "piqa, adapter: DIFFERS: item 0" in told.getvalue()


def _sides(nats: tuple[float, float], theirs: tuple[float, float]) -> Compared:
    """One item of PIQA whose first choice is right, with these answers."""
    asked: list[list[tuple[str, ...]]] = [[("Question:", " ab"), ("Question:", " cd")]]
    right = [float(one[0] > one[1]) for one in (nats, theirs)]
    return compare(
        _suite("piqa"),
        ADAPTER,
        ours.Ours(
            requests=asked,
            answers=[[(one, False) for one in nats]],
            items=[{"acc": right[0]}],
            metrics={"acc": right[0]},
        ),
        Theirs(
            requests=asked,
            answers=[[(one, False) for one in theirs]],
            items=[{"acc": right[1]}],
            metrics={"acc": right[1]},
        ),
    )


def test_only_a_choice_as_good_as_equal_may_be_judged_otherwise() -> None:
    near = _sides((-1.0, -1.0 - MARGIN / 4), (-1.0 - MARGIN / 4, -1.0))
    assert near.problems == () and len(near.excused) == 1 and "margin 5e-05" in near.excused[0]
    far = _sides((-1.0, -1.001), (-1.001, -1.0))
    assert far.excused == () and any("acc 1, theirs 0" in one for one in far.problems)
    assert any("found (-1.0, False), theirs (-1.001, False)" in one for one in far.problems)
    assert _sides((float("nan"), -1.0), (-1.0, -1.0)).problems
