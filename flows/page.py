"""The report page: one file that says how a night went, for the person who opens it in the morning.

Self-contained: no script, no font, no image from elsewhere, and a policy that forbids them, so that
it can be mailed, archived, or opened on a machine without a network. Texts of corpora, tasks and
models are escaped by ``flows.markup``. A part whose data are missing says so in words.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flows import page_making, report
from flows.drawing import differences_plot, losses_plot, scores_plot
from flows.history_plot import history_plot
from flows.markup import EMPTY, Markup, el, style
from flows.night import Night, collect_night, differences
from flows.page_style import STYLE
from flows.report import NO_BASELINE, Line, Score
from flows.report_markdown import LEGEND
from tasks_to_text.scored import CHANCE, PLAIN

__all__ = ["Night", "collect_night", "page", "write_page"]

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_PROMPT = 1200
"""Characters of a prompt that are shown."""
_MISSING = "Not there: {}"
MORE: Mapping[str, Callable[[Line], str]] = {
    "templates": lambda line: line.spread,
    "in the training text": lambda line: line.clean,
    "cut, left out": lambda line: line.incomplete.replace("*", ""),
}
"""Columns of the table of scores that are there where a task has something to say in them."""


def write_page(path: Path, night: Night) -> None:
    """Write the page about a night, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    aside.write_text(page(night), encoding="utf-8")
    aside.replace(path)


def page(night: Night) -> str:
    """The whole document."""
    parts = {
        "scores": ("Scores", scores(night)),
        "champion": ("Challenger and champion", _champion(night)),
        "history": ("Nights so far", _history(night)),
        "loss": ("Loss", _losses(night)),
        "samples": ("Samples", _samples(night)),
        "data": ("Data", page_making.data(night)),
        "tasks": ("Tasks", page_making.tasks(night)),
        "making": ("How it was made", page_making.making(night)),
        "limits": ("What the numbers do not say", _limits(night)),
    }
    title = f"{night.profile}, {_day(night.date)}: {_outcome(night)}"
    return document(title, _decision(night), parts)


def document(title: str, header: Markup, parts: Mapping[str, tuple[str, Sequence[Markup]]]) -> str:
    """A page: a header, links to its parts, the parts (id → heading and content)."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        style(STYLE),
    )
    links = [el("a", heading, href=f"#{name}") for name, (heading, _) in parts.items()]
    sections = [
        el("section", el("h2", heading), *content, id=name)
        for name, (heading, content) in parts.items()
    ]
    body = el("body", el("main", header, el("nav", *links), *sections))
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def _decision(night: Night) -> Markup:
    outcome = el("span", _outcome(night), cls="promoted" if night.promoted else "kept")
    now = "the new model is the champion" if night.promoted else "the champion stays"
    if not night.promoted and not night.champion:
        now = "there is still no champion"
    return el(
        "header",
        el("p", f"{night.profile} · {night.date.replace('T', ' ')}", cls="over"),
        el("h1", outcome, f": {now}"),
        el("p", _sentence(night.reason), cls="reason"),
        _facts(night),
    )


def _facts(night: Night) -> Markup:
    """A few numbers for a glance."""
    found = report.lines(night.scores, night.verdicts, "test")
    judged = [line for line in found if any(name in line.scores for name in PLAIN)]
    better = [line for line in judged if line.beats_plain]
    n_better = f"{len(better)} of {len(judged)}" if judged and night.verdicts else ""
    run, documents = night.counts("generalist"), night.counts("documents")
    facts = {
        "parameters": f"{run['parameters']:,}" if "parameters" in run else "",
        "training tokens": f"{run['tokens']:,}" if "tokens" in run else "",
        "corpus": page_making.size(documents["bytes"]) if "bytes" in documents else "",
        "tasks above chance, majority, choices only": n_better,
    }
    shown = [el("div", el("dt", name), el("dd", fact)) for name, fact in facts.items() if fact]
    return el("dl", *shown, cls="facts") if shown else EMPTY


def scores(night: Night) -> list[Markup]:
    """Plot and tables of all scores."""
    splits = report.splits(night.scores)
    if not splits:
        return [missing("the scores (metrics.json of the evaluation)")]
    found = report.lines(night.scores, night.verdicts, splits[0], night.contamination)
    plot = el(
        "figure",
        scores_plot(found),
        el("figcaption", f"The {splits[0]} split. Marks are named when pointed at; exact values "
           "are in the table below."),
    )  # fmt: skip
    parts = [plot, _table(found, splits[0]), el("p", _plain_legend(), cls="note")]
    if not night.verdicts:
        parts.append(missing("verdicts.json: the verdicts are read off the intervals"))
    rest = [_table(report.lines(night.scores, night.verdicts, s), s) for s in splits[1:]]
    everything = el("summary", "Every score: other splits, other metrics")
    return [*parts, el("details", everything, *rest, _other_metrics(night.scores))]


def _table(found: list[Line], split: str) -> Markup:
    shown = [name for name in report.COLUMNS if name != CHANCE]
    columns = [name for name in shown if any(name in line.scores for line in found)]
    heads = [("task", ""), ("verdict", ""), *((name, "num") for name in columns)]
    heads.append(("chance or rule", "num rule"))
    more = [name for name, told in MORE.items() if any(told(line) for line in found)]
    heads += [(name, "num told") for name in more]
    rows = []
    for heading, lines in report.sections(found).items():
        rows.append(el("tr", el("th", heading, colspan=len(heads), scope="col", cls="section")))
        rows += [_table_row(line, columns, more) for line in lines]
    title = f"Headline metric of every task, {split} split, with 95 % intervals"
    return page_making.table(title, heads, rows, kind="scores")


def _table_row(line: Line, columns: list[str], more: list[str]) -> Markup:
    one = line.any_score
    size = f"n = {one['n']:,} in {one['n_groups']:,} groups"
    about = [el("small", line.measure), el("small", size)]
    kind = "none" if line.verdict == NO_BASELINE else "good" if line.is_good else "weak"
    cells = [
        el("th", line.task.replace("_", " "), *about, scope="row"),
        el("td", line.verdict, cls=f"verdict {kind}"),
        *(_cell(line.scores.get(name), own=name == report.GENERALIST) for name in columns),
    ]
    chance = {CHANCE: line.scores[CHANCE]} if CHANCE in line.scores else {}
    rules = [
        el("div", report.decimal(s["value"]), el("small", name))
        for name, s in {**chance, **line.rules}.items()
    ]
    told = [el("td", MORE[name](line), cls="num told") for name in more]
    return el("tr", *cells, el("td", *rules, cls="num rule"), *told)


def _cell(score: Score | None, own: bool = False) -> Markup:
    if score is None:
        return el("td", cls="num")
    low_high = el("small", report.interval(score, 2))
    return el("td", report.decimal(score["value"]), low_high, cls="num own" if own else "num")


def _other_metrics(scores: Sequence[Score]) -> Markup:
    """Metrics beside the headline, a row per score."""
    rows = [
        el(
            "tr",
            el("th", s["task"].replace("_", " "), scope="row"),
            el("td", s["split"]),
            el("td", report.measure(s)),
            el("td", s["model"]),
            _cell(s),
        )
        for s in scores
        if not report.is_headline(s)
    ]
    if not rows:
        return EMPTY
    heads = [(name, "") for name in ("task", "split", "metric", "model")] + [("value", "num")]
    return page_making.table("Other metrics", heads, rows)


def _champion(night: Night) -> list[Markup]:
    if not night.champion:
        return [el("p", "There was no champion to compare with: a first one must beat chance and "
                   "majority on the mean over the tasks of its mixture.")]  # fmt: skip
    against = el("p", "Champion before this night: ", el("code", night.champion))
    if not night.evidence:
        return [against, missing("the comparison (the decision does not hold one)")]
    mean, *tasks = differences(night.evidence)
    note = f"Challenger minus champion on the same validation items. {how_sure(night.evidence)}"
    plot = differences_plot(tasks, mean)
    return [against, el("figure", plot, el("figcaption", note))]


def how_sure(evidence: Mapping[str, Any]) -> str:
    """What the intervals of a comparison hold, and which items they leave out."""
    runs, spread, level = evidence["runs"], evidence["spread"], evidence["level"]
    known = f"measured on {runs} runs, at its upper bound" if runs else "assumed"
    said = [
        "An item counts from 0 to 1. Intervals hold the choice of items, by a paired bootstrap "
        f"over groups, and of the seed (standard deviation of the mean {spread:.4f}, {known}). The "
        f"mean’s is the one that decided: its lower end holds with {100 * level:.2f} %, so that "
        "many nights together seldom err; those of tasks are of 95 %. Right of zero the challenger "
        "is better; grey intervals hold zero."
    ]
    if evidence["left_out"]:
        left = f"{evidence['left_out']:,} of {evidence['items']:,}"
        said.append(f"{left} items are left out: one of the two had read them in training.")
    if evidence["idle"]:
        said.append(
            f"Without a clean item, and so deciding nothing: {', '.join(evidence['idle'])}."
        )
    return " ".join(said)


def _history(night: Night) -> list[Markup]:
    plot = history_plot(night.history)
    if not plot:
        return [el("p", "This is the first night: there is nothing to compare it with yet.")]
    note = (
        "Headline metric of every task on the validation split, which decides, night by night; "
        "each chart has an axis of its own. Marks are named when pointed at; generalist history "
        "prints the reasons."
    )
    return [el("figure", plot, el("figcaption", note))]


def _losses(night: Night) -> list[Markup]:
    plot = losses_plot(night.losses)
    if not plot:
        return [missing("the losses (metrics.jsonl of the runs)")]
    note = (
        "Nats per token, logarithmic axis of tokens. Thick: held-out corpus text, the same for "
        "both models. Thin: training, a running mean; the generalist’s holds tasks and is not "
        "comparable with the other’s."
    )
    return [el("figure", plot, el("figcaption", note), cls="loss")]


def _samples(night: Night) -> list[Markup]:
    parts = []
    for sample in night.samples:
        prompt = _end_of(str(sample.get("prompt", "")))
        if "continuation" in sample:
            over = f"Beginning of a held-out document, {sample.get('document', '')}"
            text = el("p", prompt, el("mark", str(sample["continuation"])), cls="text")
            parts.append(el("div", el("p", over, cls="over"), text, cls="sample"))
        else:
            answer = str(sample.get("answer", "")) or "(nothing)"
            over = f"Task {str(sample.get('task', '')).replace('_', ' ')}"
            text = el("p", prompt, " ", el("mark", answer.strip()), cls="text")
            right = [el("dd", str(one)) for one in sample.get("references", ())]
            given = el("dl", el("dt", "reference"), *right) if right else EMPTY
            parts.append(el("div", el("p", over, cls="over"), text, given, cls="sample"))
    if not parts:
        return [missing("samples (samples.json of the evaluation)")]
    note = el("p", "Grey is what the model was shown, ", el("mark", "marked"), " what it wrote.")
    return [el("div", note, *parts, cls="samples")]


def _end_of(text: str) -> str:
    """A long prompt from somewhere before its end: what an answer goes on from."""
    return text if len(text) <= _PROMPT else f"… {text[-_PROMPT:]}"


def _limits(night: Night) -> list[Markup]:
    return [el("ul", *(el("li", limit) for limit in night.limits))]


def missing(what: str) -> Markup:
    """A sentence in the place of what could not be found."""
    return el("p", _MISSING.format(what), cls="note")


def _plain_legend() -> str:
    return LEGEND.replace("*", "")


def _outcome(night: Night) -> str:
    return "Promoted" if night.promoted else "Not promoted"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _day(date: str) -> str:
    return date.partition("T")[0]
