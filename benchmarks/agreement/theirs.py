"""The harness's side: its own task files on our rows, with our adapter or its Hugging Face model.

Only the place of the data is another one: a file that includes the task's own, written into a
temporary directory, names local rows. Splits that a task has but does not score hold the same rows.
"""

import contextlib
import io
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lm_eval
import torch
import transformers
import yaml
from lm_eval.evaluator import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from tokenizers.processors import TemplateProcessing

from benchmarks.agreement.suites import Suite
from gptcore.tokenizer import END_OF_TEXT

_SPLITS = ("train", "validation", "test")
_TASKS = Path(lm_eval.__file__).parent / "tasks"


@dataclass(frozen=True, kw_only=True, slots=True)
class Theirs:
    """What the harness asked and found, item by item, and its metrics."""

    requests: list[list[tuple[str, ...]]]
    """By item: what was asked: (context, continuation), (text,) or (prompt,)."""
    answers: list[list[Any]]
    """By item and request: (nats, is greedy), nats or text."""
    items: list[dict[str, Any]]
    """By item, its values of metrics."""
    metrics: dict[str, float]


def write_task(suite: Suite, rows: Sequence[Any], directory: Path) -> None:
    """The task's file and its rows."""
    data = directory / f"{suite.name}.jsonl"
    lines = (json.dumps(suite.theirs(row), ensure_ascii=False) + "\n" for row in rows)
    data.write_text("".join(lines), encoding="utf-8")
    config = {"task": suite.name, "dataset_path": "json", "dataset_name": None} | suite.config
    config["dataset_kwargs"] = {
        "data_files": {split: str(data) for split in _SPLITS},
        "cache_dir": str(directory / "cache"),
    }
    if suite.file:
        config["include"] = str(_TASKS / suite.file)
    (directory / f"{suite.name}.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def run(model: Any, names: Sequence[str], directory: Path) -> dict[str, Theirs]:
    """The tasks whose files are in ``directory``, on a model of the harness's kind."""
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    manager = TaskManager(include_path=str(directory), include_defaults=False)
    with contextlib.redirect_stderr(io.StringIO()):  # bars
        found = simple_evaluate(
            model=model, tasks=list(names), task_manager=manager, bootstrap_iters=0
        )
    return {name: _theirs(name, found) for name in names}


def _theirs(name: str, found: Any) -> Theirs:
    samples = sorted(found["samples"][name], key=lambda sample: sample["doc_id"])
    values = found["results"][name]
    return Theirs(
        requests=[[_texts(one) for one in sample["arguments"]] for sample in samples],
        answers=[[resps[0] for resps in sample["resps"]] for sample in samples],
        items=[{m: sample[m] for m in sample["metrics"]} for sample in samples],
        metrics={
            key.partition(",")[0]: value
            for key, value in values.items()
            if isinstance(value, float) and "stderr" not in key
        },
    )


def _texts(arguments: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(one for one in arguments if isinstance(one, str))


def hugging_face(directory: Path, *, rolling: bool) -> Any:
    """The harness's own model of an exported directory, in fp32, eight rows at a time.

    Its tokenizer starts texts with end-of-text, as ours do; for ``rolling`` not, because there the
    harness puts it before the text itself. ``logits_cache`` is off: 0.4.13 takes log-probabilities
    of the wrong tokens for requests of the same text that are divided at another place.
    """
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{END_OF_TEXT} $A", special_tokens=[(END_OF_TEXT, tokenizer.bos_token_id)]
    )
    model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    return HFLM(
        pretrained=model.eval(),
        tokenizer=tokenizer,
        add_bos_token=not rolling,
        logits_cache=False,
        batch_size=8,
    )
