"""The report page: everything is on it, nothing in it is alive, nothing comes from elsewhere."""

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from flows import drawing, report
from flows.champion import run_of
from flows.markup import Markup, el
from flows.night import (
    Night,
    Rows,
    TaskAbout,
    collect_night,
    commands,
    differences,
    page_of,
    product_by_digest,
)
from flows.page import page, write_page
from tests.flows.night import many_scores, night, score
from tests.flows.night_workspace import EVIL, make_night

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Elements, attributes and text of a page; raises where an end tag fits no start."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data + " "


def evil() -> Night:
    """A night in which all that comes from outside is hostile."""
    row = {"value": 0.4, "low": 0.3, "high": 0.5}
    given = night()
    documents = given.manifests["documents"]
    counts = {**documents.counts, "bytes_by_source": {EVIL: {"train": 10}}, "dropped": {EVIL: 3}}
    tasks = {EVIL: {"source": EVIL, "licence": EVIL, "template_hash": EVIL, "revision": EVIL}}
    prompts = replace(given.manifests["prompts"], counts={"tasks": tasks})
    return replace(
        given,
        profile=EVIL,
        reason=EVIL,
        champion=EVIL,
        manifests={
            **given.manifests,
            "documents": replace(documents, counts=counts),
            "prompts": prompts,
        },
        scores=[score(EVIL, "generalist", **row), score(EVIL, EVIL, **row)],
        samples=[
            {"document": EVIL, "prompt": EVIL, "continuation": EVIL},
            {"task": EVIL, "prompt": EVIL, "answer": EVIL, "references": [EVIL, '"><img src=x>']},
        ],
        losses={EVIL: given.losses["generalist"]},
        tasks={EVIL: TaskAbout(description=EVIL, kind=EVIL)},
        evidence={**given.evidence, "tasks": {EVIL: [0.1, 0.0, 0.2]}, "idle": [EVIL]},
        versions={EVIL: EVIL},
        commands=(EVIL,),
        limits=(EVIL,),
    )


@pytest.mark.parametrize("told", [night(), evil()], ids=["plain", "hostile"])
def test_nothing_in_the_page_is_alive_and_nothing_comes_from_elsewhere(told: Night) -> None:
    text = page(told)
    found = Reader(text)
    dead = {"script", "iframe", "img", "link", "object", "embed", "form", "base", "use", "image"}
    assert not dead & set(found.names)
    for name, value in found.attributes:
        assert not name.startswith("on"), name
        assert name not in ("src", "xlink:href", "action", "srcdoc")
        assert name != "href" or value.startswith("#")
    assert "url(" not in text and "@import" not in text and "http://" not in text
    policy = dict(found.attributes)["content"] and re.search(r'Policy" content="([^"]+)"', text)
    assert policy and policy[1].startswith("default-src &#x27;none&#x27;;")


def test_hostile_text_is_shown_as_text() -> None:
    found = Reader(page(evil()))
    assert found.text.count(EVIL) > 20
    assert '"><img src=x>' in found.text


def test_every_score_is_on_the_page() -> None:
    found = Reader(page(night())).text
    for one in many_scores():
        assert report.decimal(one["value"]) in found, one
    headings = list(report.sections(report.lines(many_scores(), (), "test")))
    assert len(headings) == 3
    for heading in headings:
        assert heading in found
    said = ("at chance", "above all baselines", "above all but bag of words")
    rules = ("above majority; below lead", "majority, choices only; at or below longest")
    for words in (*said, *rules):
        assert words in found, words


def test_the_headline_counts_tasks_above_chance_majority_and_choices() -> None:
    text = Reader(page(night())).text
    assert re.search(r"tasks above chance, majority, choices only +9 of 12", text)
    assert "tasks above" not in Reader(page(night(verdicts=()))).text


def test_the_decision_comes_first() -> None:
    text = Reader(page(night(promoted=False))).text
    assert text.index("Not promoted") < text.index("+0.0142") < text.index("Scores")
    assert "the champion stays" in text
    assert "still no champion" in Reader(page(night(promoted=False, champion=""))).text


def test_a_page_without_its_parts_says_so_in_words() -> None:
    bare = Night(profile="tiny", date="2026-11-23", promoted=False, reason="")
    text = Reader(page(bare)).text
    for what in ("scores", "losses", "samples", "documents", "prompts"):
        assert re.search(rf"Not there: .*{what}", text), what
    assert "no champion to compare with" in text


@pytest.mark.parametrize("part", ["verdicts", "samples", "losses", "tasks", "sources", "versions"])
def test_every_part_may_be_missing_alone(part: str) -> None:
    Reader(page(night(**{part: type(getattr(night(), part))()})))


@pytest.mark.parametrize("role", list(night().manifests))
def test_every_manifest_may_be_missing_alone_or_tell_nothing(role: str) -> None:
    told = night().manifests
    Reader(page(night(manifests={name: m for name, m in told.items() if name != role})))
    silent = replace(told[role], counts={}, config={})
    Reader(page(night(manifests={**told, role: silent})))


def test_the_file_is_whole_or_not_there(tmp_path: Path) -> None:
    write_page(tmp_path / "deep" / "report.html", night())
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["report.html"]
    text = (tmp_path / "deep" / "report.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and len(text) < 500_000


def test_text_becomes_markup_in_one_place_only() -> None:
    assert el("td", '<b>&"') == "<td>&lt;b&gt;&amp;&quot;</td>"
    assert el("td", el("b", "x"), cls='"') == '<td class="&quot;"><b>x</b></td>'
    assert el("p", "a\x1b[31m\x00\ud800b") == "<p>a�[31m�?b</p>"
    assert not isinstance(el("b", "x") + "y", Markup), "a joined text is no markup any more"


def test_marks_stand_where_the_values_are() -> None:
    line = report.lines([score("a", "generalist", 0.25), score("a", "chance", 0.5)], (), "test")
    drawn = drawing.scores_plot(line)
    assert '<circle cx="25.00%"' in drawn and '<svg x="50.00%"' in drawn
    assert 'x1="20.00%" x2="30.00%"' in drawn
    assert 'aria-label="a, Accuracy: generalist .250, chance .500"' in drawn


def test_smoothing_keeps_the_first_and_the_last_place_and_the_mean_of_a_line() -> None:
    points = [(float(x), 2.0 * x) for x in range(1, 200)]
    found = drawing.smoothed(points)
    assert [x for x, _ in found] == [x for x, _ in points] and found[0] == points[0]
    assert found[100] == pytest.approx(points[100])


def test_losses_that_are_no_numbers_are_passed_over() -> None:
    rows: Rows = [{"step": 1, "tokens": 10, "train/loss": float("nan")}, {"step": 2, "tokens": 0}]
    assert drawing.losses_plot({"generalist": rows}) == ""
    one: Rows = [{"step": 1, "tokens": 10, "train/loss": 3.0}]
    assert "polyline" in drawing.losses_plot({"generalist": one})


def test_the_comparison_is_the_one_that_decided() -> None:
    given = night()
    mean, *tasks = differences(given.evidence)
    assert mean.task == "mean" and [mean.value, mean.low, mean.high] == given.evidence["gain"]
    assert {one.task for one in tasks} == set(given.evidence["tasks"])
    html = page(given)
    assert "mean: +0.014 [+0.007, +0.021]" in html
    text = Reader(html).text
    assert "standard deviation of the mean 0.0042, measured on 7 runs" in text
    assert "its lower end holds with 99.83 %" in text
    assert "37 of 3,300 items are left out" in text and "deciding nothing: last_word" in text
    guessed = Reader(page(night(evidence={**given.evidence, "runs": 0, "left_out": 0}))).text
    assert "0.0042, assumed" in guessed and "items are left out" not in guessed
    assert "Not there: the comparison" in Reader(page(night(evidence={}))).text


def test_a_night_is_collected_from_the_very_inputs_of_its_evaluation(tmp_path: Path) -> None:
    workspace, decision = make_night(tmp_path / "workspace")
    told = collect_night(workspace, decision)
    roles = {"evaluation", "generalist", "language_model_only", "prompts", "documents"}
    assert roles <= told.manifests.keys() and "tokenizer" in told.manifests
    inputs = told.manifests["evaluation"].inputs
    assert all(told.manifests[role].digest == digest for role, digest in inputs.items())
    assert len(told.scores) == len(many_scores()) and set(told.losses) == {
        "generalist",
        "language model only",
    }
    assert told.sources["torch"].licence == "BSD-3-Clause"
    text = page(told)
    assert EVIL not in text and EVIL in Reader(text).text
    again = told.commands[0]
    assert "--profile some" in again and "--seed 0" in again and "--tokens" in again
    run = run_of(workspace, decision)
    goes_on = replace(run, manifest=replace(run.manifest, inputs={"initial": "0123456789abcdef0"}))
    about, again = commands("some", goes_on)
    assert "from the weights of the run 0123456789abcdef" in about
    assert "--retrain continue_champion --tokens" in again and "--seed" not in again


@pytest.mark.parametrize("kind", ["prompts", "documents", "run", "evaluation", "tokenizer"])
def test_a_night_whose_products_are_gone_still_has_a_page(tmp_path: Path, kind: str) -> None:
    workspace, decision = make_night(tmp_path / "workspace")
    shutil.rmtree(workspace.root / kind)
    text = Reader(page(collect_night(workspace, decision))).text
    assert "Promoted" in text


@pytest.mark.parametrize("name", ["metrics.json", "samples.json", "verdicts.json"])
def test_a_damaged_file_costs_its_part_of_the_page_only(tmp_path: Path, name: str) -> None:
    workspace, decision = make_night(tmp_path / "workspace")
    (workspace.root / decision.evaluation / name).write_text("[{")
    assert "Promoted" in Reader(page(collect_night(workspace, decision))).text


def test_products_are_found_by_digest_and_pages_by_decision(tmp_path: Path) -> None:
    workspace, decision = make_night(tmp_path / "workspace")
    found = product_by_digest(workspace, "run", decision.run_digest)
    assert found and str(found.path.relative_to(workspace.root)) == decision.run
    assert product_by_digest(workspace, "run", "") is None
    assert page_of(workspace, decision) is None

    def build(out: Path) -> dict[str, Any]:
        write_page(out / "report.html", night())
        return {}

    made = workspace.product(
        "report", "tiny", config={"key": decision.key}, inputs={}, entry=(), build=build
    )
    assert page_of(workspace, decision) == made.path / "report.html"
