"""What is compared: which task of the harness is which of ours, and how a row reads there."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.agreement import rows_choices, rows_text
from benchmarks.agreement.rows_choices import Rows
from tasks_to_text import registry
from tasks_to_text.sources import Places, read_rows
from tasks_to_text.task import LM_EVAL, MAIN, Row, Task

PMI = "acc_mutual_info"
"""The harness's name of our ``acc_pmi``; its tasks do not ask for it, so the requests with empty
contexts that it takes are had by adding it."""
_METRICS = {"acc": "acc", "acc_norm": "acc_norm", PMI: "acc_pmi"}
"""The harness's name → ours."""
_PERPLEXITIES = ("word_perplexity", "byte_perplexity", "bits_per_byte")
_STOP, _ANSWER_TOKENS = ("\n", ".", ","), 16
"""Where ``nq_open`` of the harness ends answers; the length is ours, its own is 256 tokens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """One task on both sides."""

    name: str
    """The harness's name of the task."""
    file: str
    """Its file in the installed package, below ``lm_eval/tasks``; "": a task written here."""
    task: Task | None
    """Ours; None: bare requests, asked of our scorer directly."""
    rows: Rows
    """Rows with our columns."""
    theirs: Callable[[Row], Row] = dict
    """A row with the columns that the harness reads."""
    config: dict[str, Any] = field(default_factory=dict)
    """Fields over those of the file."""
    metrics: dict[str, str] = field(default_factory=dict)
    """Metric of the harness → ours."""

    @property
    def wording(self) -> str:
        """``lm_eval`` where our own wording is another one, else ``main``."""
        return LM_EVAL if self.task is not None and LM_EVAL in self.task.wordings else MAIN

    @property
    def written(self) -> bool:
        """What the model itself would write is compared."""
        return self.task is not None and self.task.protocol in ("last_word", "generation")

    @property
    def rolling(self) -> bool:
        """Whole texts are scored."""
        return self.task is not None and self.task.protocol == "text"


def suites() -> list[Suite]:
    """All of them, with the rows written by us."""
    c, t = rows_choices, rows_text
    arc = ("acc", "acc_norm", PMI)
    return [
        _choice("hellaswag", "hellaswag/hellaswag", c.HELLASWAG, ("acc", "acc_norm")),
        _lambada(t.LAMBADA),
        _choice("wsc273", "wsc273/default", c.WINOGRAD_WSC, ("acc",), task="winograd_wsc"),
        _choice("arc_easy", "arc/arc_easy", c.ARC_EASY, arc),
        _choice("arc_challenge", "arc/arc_challenge", c.ARC_CHALLENGE, arc),
        _choice("boolq", "super_glue/boolq/default", c.BOOLQ, ("acc",), theirs=_boolq),
        _choice("piqa", "piqa/piqa", c.PIQA, ("acc", "acc_norm")),
        _choice("sst2", "glue/sst2/default", c.SST2, ("acc",)),
        _wikitext(t.WIKITEXT2),
        _nq_open(t.NQ_OPEN),
        _requests(t.REQUESTS),
    ]


def published(mirror: Path, n: int) -> list[Suite]:
    """The same with the first ``n`` published rows of each task."""
    found = []
    for suite in suites():
        if suite.task is not None:
            source, split = suite.task.source, "validation" if suite.name == "sst2" else "test"
            places = Places(mirror=mirror)
            rows = read_rows(source, split, columns=suite.task.columns, places=places)
            found.append(dataclasses.replace(suite, rows=[dict(row) for row in rows[:n]]))
    return found


def _choice(
    name: str,
    file: str,
    rows: Rows,
    metrics: tuple[str, ...],
    *,
    task: str = "",
    theirs: Callable[[Row], Row] = dict,
) -> Suite:
    """A task with choices. Mutual information is asked for over what the file asks for."""
    named = {metric: _METRICS[metric] for metric in metrics}
    wanted = [{"metric": metric, "aggregation": "mean"} for metric in metrics]
    return Suite(
        name=name,
        file=f"{file}.yaml",
        task=dataclasses.replace(registry.get(task or name), metrics=tuple(named.values())),
        rows=rows,
        theirs=theirs,
        config={"metric_list": wanted} if PMI in metrics else {},
        metrics=named,
    )


def _boolq(row: Row) -> Row:
    """SuperGLUE's edition has the answer as a number."""
    return {**row, "label": int(row["answer"])}


def _lambada(rows: Rows) -> Suite:
    return Suite(
        name="lambada_openai",
        file="lambada/lambada_openai.yaml",
        task=registry.get("lambada"),
        rows=rows,
        metrics={"acc": "acc", "perplexity": "perplexity"},
    )


def _wikitext(rows: Rows) -> Suite:
    return Suite(
        name="wikitext",
        file="wikitext/wikitext.yaml",
        task=dataclasses.replace(registry.get("wikitext2"), metrics=_PERPLEXITIES),
        rows=rows,
        theirs=lambda row: {"page": row["text"]},
        metrics={name: name for name in _PERPLEXITIES},
    )


def _nq_open(rows: Rows) -> Suite:
    options = {"do_sample": False, "temperature": 0.0, "max_gen_toks": _ANSWER_TOKENS}
    return Suite(
        name="nq_open",
        file="nq_open/nq_open.yaml",
        task=dataclasses.replace(
            registry.get("nq_open"), stop=_STOP, max_tokens=_ANSWER_TOKENS, few_shot=0
        ),
        rows=rows,
        config={"generation_kwargs": {"until": list(_STOP), **options}},
    )


def _requests(rows: Rows) -> Suite:
    config = {
        "output_type": "loglikelihood",
        "test_split": "test",
        "doc_to_text": "{{context}}",
        "doc_to_target": "{{continuation}}",
        "metric_list": [{"metric": "acc", "aggregation": "mean"}],
    }
    return Suite(
        name="bare_requests", file="", task=None, rows=rows, config=config, metrics={"acc": "acc"}
    )
