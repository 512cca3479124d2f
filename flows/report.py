"""Scores for people: one line per task, and the names under which MLflow shows them.

Works on scores and verdicts as plain rows, the content of metrics.json and verdicts.json
(``tasks_to_text.scored``). Tasks are measured by different metrics, so a line says which. Text that
comes from tasks and models is escaped.
"""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.read_before import ReadBefore
from tasks_to_text.metric import METRICS, Metric
from tasks_to_text.scored import BAG_OF_WORDS, CHANCE, CHOICES_ONLY, LZMA, MAJORITY, PLAIN
from tasks_to_text.task import MAIN

Score = Mapping[str, Any]
"""A ``tasks_to_text.scored.Score`` as an object."""
Verdict = Mapping[str, Any]
"""A ``tasks_to_text.scored.Verdict`` as an object."""

GENERALIST = "generalist"
LANGUAGE_MODEL_ONLY, RANDOM_MODEL = "language model only", "random model"
MODELS = (GENERALIST, LANGUAGE_MODEL_ONLY, RANDOM_MODEL)
COLUMNS = (*MODELS, CHOICES_ONLY, BAG_OF_WORDS, MAJORITY, CHANCE)
"""Models and baselines that have a column; every other baseline is a rule."""
ORDER = (*COLUMNS, LZMA)
"""From the model that matters to the simplest baseline; others follow by name."""
SECTIONS: Mapping[str, str] = {
    "unseen": "Unseen (zero-shot)",
    "unseen_few_shot": "Unseen (few-shot)",
    "in_mixture": "In the mixture (multitask)",
    "sibling": "A sibling in the mixture",
    "held_out": "Held-out text",
}
"""``Line.section`` → heading, in the order of tables and plots."""
ALL_TASKS = "all_tasks"
"""MLflow sorts its sections of charts by name; this one is to stand before ``eval/…``."""
NO_BASELINE = "no baseline"
"""The verdict where nothing without a model can be compared with."""
LEFT_OUT = 0.05
"""Share of a task's examples; where more were left out, its line says so in bold."""
_LEVEL = 0.05
"""Of the comparison with bag of words."""
_DIRECTIONS = {1: ("above", "below"), -1: ("better than", "worse than")}
_UNKNOWN = Metric(title="", maximum=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """All about one task on one split, by its headline metric."""

    task: str
    exposure: str
    """Of the generalist."""
    metric: str
    scores: Mapping[str, Score]
    """Model or baseline → its score, in ORDER."""
    verdict: str
    """In words."""
    beats_plain: bool = False
    """Whether it is better than chance, majority and choices only, as far as they were scored."""
    wordings: Mapping[str, Score] = field(default_factory=dict)
    """Template → the generalist's score."""
    contamination: ReadBefore | None = None
    """What of its items the model had read before; None: nobody has looked."""

    @property
    def own(self) -> Score | None:
        """The generalist's score."""
        return self.scores.get(GENERALIST)

    @property
    def any_score(self) -> Score:
        """Some score, for what they have in common."""
        return self.own or next(iter(self.scores.values()))

    @property
    def section(self) -> str:
        """The exposure; a task that is shown solved examples is not zero-shot."""
        few = self.exposure == "unseen" and self.any_score.get("shots", 0)
        return "unseen_few_shot" if few else self.exposure

    @property
    def measure(self) -> str:
        """Name of the metric, and of the shots where there are any."""
        return measure(self.any_score)

    @property
    def spread(self) -> str:
        """Lowest and highest score over several templates, and how many there are."""
        if len(self.wordings) < 2:
            return ""
        values = [score["value"] for score in self.wordings.values()]
        return f"{decimal(min(values))}–{decimal(max(values))} ({len(values)})"

    @property
    def incomplete(self) -> str:
        """Items with a cut context, and examples left out, where there are any."""
        one = self.any_score
        cut, lost = one.get("n_cut", 0), one.get("n_dropped", 0)
        parts = [f"{cut:,} cut"] if cut else []
        if lost:
            total = lost + one["n"]
            said = f"{lost:,} of {total:,} left out"
            parts.append(f"**{said}**" if lost > LEFT_OUT * total else said)
        return ", ".join(parts)

    @property
    def clean(self) -> str:
        """Items that stand in the training text, and the score on all others."""
        one = self.contamination
        if one is None:
            return ""
        if not one["confirmed"]:
            return f"none of {one['items']:,}"
        said = f"{one['confirmed']:,} of {one['items']:,}"
        if "clean" not in one:
            return said
        return f"{said}; clean {decimal(one['clean']['value'])} {interval(one['clean'])}".rstrip()

    @property
    def is_good(self) -> bool:
        """Whether it is above everything that is shown, bag of words too."""
        less = any(sign in self.verdict for sign in ("all but", ",", ";"))
        return self.verdict.startswith(("above", "better")) and not less

    @property
    def rules(self) -> dict[str, Score]:
        """Baselines without a column of their own."""
        return {name: score for name, score in self.scores.items() if name not in COLUMNS}


def read_scores(evaluation: Path) -> list[Score]:
    """The scores of a finished evaluation."""
    scores: list[Score] = json.loads((evaluation / "metrics.json").read_text(encoding="utf-8"))
    return scores


def read_verdicts(evaluation: Path) -> list[Verdict]:
    """Its verdicts; none where they were not computed."""
    path = evaluation / "verdicts.json"
    if not path.exists():
        return []
    verdicts: list[Verdict] = json.loads(path.read_text(encoding="utf-8"))
    return verdicts


def about(metric: str) -> Metric:
    """How a metric is read; one that nobody knows is shown by its name, higher being better."""
    return METRICS.get(metric, _UNKNOWN)


def title(metric: str) -> str:
    """A metric's name for people."""
    return about(metric).title or metric


def measure(score: Score) -> str:
    """A score's metric, template and shots for people, the latter where they are not the usual."""
    wording = "" if is_main(score) else f", template {score['template']}"
    return f"{title(score['metric'])}{wording}{shots(score)}"


def shots(score: Score) -> str:
    """What is added to a metric's name where solved examples stood before the prompts."""
    if not (number := score.get("shots", 0)):
        return ""
    source = score.get("shots_from", "train")
    return f", {number}-shot" + ("" if source == "train" else f" from {source}")


def share(score: Score, part: str = "value") -> float:
    """Where a score, or an end of its interval, stands on an axis from 0 to 1 that all bounded
    metrics share; a correlation below 0 stands at 0, and the number beside it says more."""
    return max(0.0, float(score[part]) / (about(score["metric"]).maximum or 1.0))


def is_main(score: Score) -> bool:
    """Whether it is about the template that stands for the task."""
    return bool(score.get("template", MAIN) == MAIN)


def is_headline(score: Score) -> bool:
    """Whether the score stands for its task."""
    return bool(score.get("headline", True))


def tables(scores: Sequence[Score], split: str) -> dict[str, dict[str, dict[str, Score]]]:
    """metric → task → model → score of one split under main templates, models in ORDER."""
    found: dict[str, dict[str, dict[str, Score]]] = {}
    main = [s for s in scores if s["split"] == split and is_main(s)]
    ranked = sorted(main, key=lambda s: rank(s["model"]))
    for score in ranked:
        tasks = found.setdefault(score["metric"], {})
        tasks.setdefault(score["task"], {})[score["model"]] = score
    return {metric: dict(sorted(found[metric].items())) for metric in sorted(found)}


def lines(
    scores: Sequence[Score],
    verdicts: Sequence[Verdict],
    split: str,
    contamination: Sequence[ReadBefore] = (),
) -> list[Line]:
    """One line per task of a split, by headline metric, in the order of SECTIONS."""
    known = {one["task"]: one for one in contamination if one["split"] == split}
    judged = {(v["task"], v["metric"]): v for v in verdicts if v["split"] == split}
    found = []
    for metric, tasks in tables([s for s in scores if is_headline(s)], split).items():
        for task, rows in tasks.items():
            verdict = judged.get((task, metric))
            found.append(
                Line(
                    task=task,
                    exposure=rows.get(GENERALIST, next(iter(rows.values())))["exposure"],
                    metric=metric,
                    scores=rows,
                    verdict=in_words(metric, rows, verdict),
                    beats_plain=verdict is not None and _beats_plain(verdict),
                    contamination=known.get(task),
                    wordings=wordings(scores, task, metric, split),
                )
            )
    places = list(SECTIONS)
    order = {exposure: place for place, exposure in enumerate(places)}
    return sorted(found, key=lambda one: (order.get(one.section, len(places)), one.task))


def wordings(scores: Sequence[Score], task: str, metric: str, split: str) -> dict[str, Score]:
    """Template → score of the generalist."""
    wanted = (GENERALIST, task, metric, split)
    return {
        s.get("template", MAIN): s
        for s in scores
        if (s["model"], s["task"], s["metric"], s["split"]) == wanted
    }


def sections(found: Sequence[Line]) -> dict[str, list[Line]]:
    """Heading → its lines, in their order."""
    grouped: dict[str, list[Line]] = {}
    for line in found:
        grouped.setdefault(SECTIONS.get(line.section, line.section), []).append(line)
    return grouped


def splits(scores: Sequence[Score]) -> list[str]:
    """The splits that were scored, test first."""
    return sorted({score["split"] for score in scores}, key=lambda split: (split != "test", split))


def in_words(metric: str, scores: Mapping[str, Score], verdict: Verdict | None) -> str:
    """What a comparison with all that needs no model says; chance is called chance."""
    own = scores.get(GENERALIST)
    no_rivals = {*MODELS, BAG_OF_WORDS}
    rivals = {name: s["value"] for name, s in scores.items() if name not in no_rivals}
    if own is None or not rivals:
        return NO_BASELINE
    sign = 1 if about(metric).higher_is_better else -1
    above, _ = _DIRECTIONS[sign]
    low, high = sorted(sign * end for end in _ends(own))
    strongest = max(rivals, key=lambda name: sign * rivals[name])
    if verdict is not None and verdict["beats_all"]:
        behind = _not_above_bag_of_words(scores, verdict, sign)
        return f"{above} all but {BAG_OF_WORDS}" if behind else f"{above} all baselines"
    if verdict is not None and _beats_plain(verdict):
        beaten = f"{above} {', '.join(name for name in PLAIN if name in rivals)}"
        rule = _strongest(verdict, {n: v for n, v in rivals.items() if n not in PLAIN}, sign)
        if rule is None:
            return beaten
        return f"{beaten}; {_not_above(own, rivals[rule], sign)} {rule}"
    if verdict is None and low > sign * rivals[strongest]:
        return f"interval {above} all baselines" if len(rivals) > 1 else f"{above} {strongest}"
    if CHANCE in rivals and low <= sign * rivals[CHANCE] <= high:
        return "at chance"
    strongest = _strongest(verdict, rivals, sign) or strongest
    return f"{_not_above(own, rivals[strongest], sign)} {strongest}"


def _ends(score: Score) -> tuple[float, float]:
    """The interval; where no item has anything right, or all have all, no draw of items differs, so
    there it reaches 3 / groups further: the "rule of three" (Hanley & Lippman-Hand 1983)."""
    low, high, best = score["low"], score["high"], about(score["metric"]).maximum
    if best and low == high and low in (0.0, best):
        reach = 3 * best / score["n_groups"]
        return max(0.0, low - reach), min(best, high + reach)
    return low, high


def _not_above(own: Score, rival: float, sign: int) -> str:
    """How a score stands to a rival that it does not beat."""
    above, below = _DIRECTIONS[sign]
    if max(sign * end for end in _ends(own)) < sign * rival:
        return below
    return f"at or {below}" if sign * own["value"] <= sign * rival else f"not clearly {above}"


def _beats_plain(verdict: Verdict) -> bool:
    """Rows that were written before this was told are read by what they do tell."""
    return bool(verdict.get("beats_plain", verdict["beats_all"]))


def _not_above_bag_of_words(scores: Mapping[str, Score], verdict: Verdict, sign: int) -> bool:
    """By its p-value, -1 where there is no bag of words; by the values where it was not told."""
    if "bag_of_words_p" in verdict:
        return bool(verdict["bag_of_words_p"] >= _LEVEL)
    bag = scores.get(BAG_OF_WORDS)
    return bag is not None and sign * scores[GENERALIST]["value"] <= sign * bag["value"]


def _strongest(verdict: Verdict | None, rivals: Mapping[str, float], sign: int) -> str | None:
    """The rival that is beaten least clearly; None where none of them was compared with."""
    known = {name: p for name, p in (verdict or {}).get("rivals", {}).items() if name in rivals}
    return max(known, key=lambda name: (known[name], sign * rivals[name]), default=None)


def interval(score: Mapping[str, Any], digits: int = 3) -> str:
    """The 95 % interval for print; empty for a constant such as chance."""
    if score["low"] == score["high"]:
        return ""
    return f"{decimal(score['low'], digits)}–{decimal(score['high'], digits)}"


def decimal(value: float, digits: int = 3) -> str:
    """Short, by magnitude, without the zero before the point: .825, 2.31, 23.4, 1,234, 2.1e7."""
    size = abs(value)
    if size < 1:
        return f"{round(value, digits) + 0.0:.{digits}f}".replace("0.", ".", 1)
    if size < 100:
        return f"{value:.2f}" if size < 10 else f"{value:.1f}"
    return f"{value:,.0f}" if size < 1e6 else f"{value:.1e}".replace("e+0", "e")


def metrics(scores: Sequence[Score], model: str = GENERALIST) -> dict[str, float]:
    """Names that make MLflow's charts read well, for one model.

    ``all_tasks/<task>``: one section with a comparable headline score per task, from 0 to 1.
    ``eval/<task>/…``: a section per task with everything about it, baselines and intervals too. All
    of the test split; what decides is beside it as ``eval/<task>/validation_…``. Main templates
    only.
    """
    found: dict[str, float] = {}
    for s in filter(is_main, scores):
        name, section = s["metric"], f"eval/{s['task']}"
        if s["model"] != model:
            if s["split"] == "test":
                other = s["model"] if is_headline(s) else f"{s['model']}_{name}"
                found[f"{section}/{_key(other)}"] = s["value"]
            continue
        prefix = "" if s["split"] == "test" else f"{s['split']}_"
        found[f"{section}/{prefix}{name}"] = s["value"]
        found[f"{section}/{prefix}{name}_low"] = s["low"]
        found[f"{section}/{prefix}{name}_high"] = s["high"]
        if s["split"] == "test" and is_headline(s) and (maximum := about(name).maximum):
            found[f"{ALL_TASKS}/{s['task']}"] = s["value"] / maximum
    return found


def _key(name: str) -> str:
    """What MLflow takes as a part of a metric's name."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def rank(model: str) -> tuple[int, str]:
    """Where a model stands in ORDER."""
    return (ORDER.index(model) if model in ORDER else len(ORDER), model)


def safe(text: str) -> str:
    """Text that neither HTML nor a Markdown table takes for markup."""
    escaped = re.sub(r"([\\`*\[\]|])", r"\\\1", html.escape(text, quote=False))
    return " ".join(escaped.split())
