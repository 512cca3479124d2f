"""What is compared: which task of the harness is which of ours, and how a row reads there."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.agreement import rows_choices, rows_text
from benchmarks.agreement.rows_choices import Rows
from tasks_to_text import registry
from tasks_to_text.task import LM_EVAL, Row, Task

PMI = "acc_mutual_info"
"""The harness's name of our ``acc_pmi``; its tasks do not ask for it, so the requests with empty
contexts that it takes are had by adding it."""


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
        assert self.task is not None
        return LM_EVAL if LM_EVAL in self.task.wordings else "main"


def _accuracies(*names: str) -> dict[str, Any]:
    """A ``metric_list`` of the harness."""
    return {"metric_list": [{"metric": n, "aggregation": "mean"} for n in names]}


_CHOICE = {"acc": "acc", "acc_norm": "acc_norm"}
_ANSWER_TOKENS = 16


def _choice(
    name: str,
    file: str,
    task: str,
    rows: Rows,
    *,
    theirs: Callable[[Row], Row] = dict,
    pmi: bool = False,
    norm: bool = True,
) -> Suite:
    metrics = {"acc": "acc"} | ({"acc_norm": "acc_norm"} if norm else {})
    metrics |= {PMI: "acc_pmi"} if pmi else {}
    ours = dataclasses.replace(registry.get(task), metrics=tuple(metrics.values()))
    config = _accuracies(*metrics) if pmi else {}
    return Suite(
        name=name, file=file, task=ours, rows=rows, theirs=theirs, config=config, metrics=metrics
    )


def suites() -> list[Suite]:
    """All of them, with the rows written by us."""
    lambada, wikitext, nq = (registry.get(name) for name in ("lambada", "wikitext2", "nq_open"))
    perplexities = ("word_perplexity", "byte_perplexity", "bits_per_byte")
    return [
        _choice("hellaswag", "hellaswag/hellaswag.yaml", "hellaswag", rows_choices.HELLASWAG),
        Suite(
            name="lambada_openai",
            file="lambada/lambada_openai.yaml",
            task=lambada,
            rows=rows_text.LAMBADA,
            metrics={"acc": "acc", "perplexity": "perplexity"},
        ),
        Suite(
            name="wikitext",
            file="wikitext/wikitext.yaml",
            task=dataclasses.replace(wikitext, metrics=perplexities),
            rows=rows_text.WIKITEXT2,
            theirs=lambda row: {"page": row["text"]},
            metrics={name: name for name in perplexities},
        ),
        Suite(
            name="nq_open",
            file="nq_open/nq_open.yaml",
            task=dataclasses.replace(nq, stop=("\n", ".", ","), max_tokens=_ANSWER_TOKENS),
            rows=rows_text.NQ_OPEN,
            config={
                "generation_kwargs": {
                    "until": ["\n", ".", ","],
                    "do_sample": False,
                    "temperature": 0.0,
                    "max_gen_toks": _ANSWER_TOKENS,
                }
            },
        ),
        Suite(
            name="bare_requests",
            file="",
            task=None,
            rows=rows_text.REQUESTS,
            config={
                "output_type": "loglikelihood",
                "test_split": "test",
                "doc_to_text": "{{context}}",
                "doc_to_target": "{{continuation}}",
                "metric_list": [{"metric": "acc", "aggregation": "mean"}],
            },
            metrics={"acc": "acc"},
        ),
    ]
