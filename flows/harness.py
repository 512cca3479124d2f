"""lm-evaluation-harness on our models: the adapter, and ``generalist lm-eval``.

The only importer of ``lm_eval``, which is an extra (``generalist[lm-eval]``): import this module
where it is used. Importing it registers the model ``generalist`` with the harness.

Peculiar: the harness's Hugging Face back end reads a GPT-2 without anything before a context that
is not empty; here every text starts after end-of-text, as in training. All else that is answered is
as the harness defines it (``lm_eval/api/model.py``): trailing white space of a context belongs to
the continuation, what does not fit loses its beginning, rolling windows are disjoint.
"""

import difflib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lm_eval.api.model import LM
from lm_eval.api.registry import register_model
from lm_eval.evaluator import simple_evaluate
from lm_eval.tasks import TaskManager
from lm_eval.utils import handle_non_serializable, make_table, simple_parse_args_string

from flows.errors import ConfigError
from gptcore.errors import ConfigError as CoreConfigError
from gptcore.hugging_face import import_published
from gptcore.manifest import write_whole
from gptcore.scoring import Scorer

MAX_TOKENS = 256
"""Tokens of an answer where a task does not say: the harness's own default."""
_LENGTHS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
"""Names that the harness has for the tokens of an answer; the first that is given counts."""
_RENAMED = {"until": "stop", "temperature": "temperature", "top_k": "top_k", "top_p": "top_p"}


def load_directory(path: Path, *, threads: int = 0) -> Scorer:
    """A scorer of a run or an import (``weights`` and ``tokenizer``), or of a published directory.

    ProductError or ConfigError for what is neither.
    """
    if (path / "weights").is_dir():
        return Scorer.load(path / "weights", path / "tokenizer", threads=threads)
    with TemporaryDirectory() as place:
        import_published(path, Path(place) / "read")
        return load_directory(Path(place) / "read", threads=threads)


@register_model("generalist")
class HarnessModel(LM):  # type: ignore[misc]
    """A scorer as the harness asks for models. It has no chat template."""

    def __init__(self, scorer: Scorer) -> None:
        super().__init__()
        self._scorer = scorer

    @classmethod
    def create_from_arg_obj(
        cls, arg_dict: Mapping[str, Any], additional_config: Mapping[str, Any] | None = None
    ) -> "HarnessModel":
        """From ``path=DIR``, as the harness's own command line gives it; batch size and device are
        the scorer's own affair. ConfigError without a path or for another argument."""
        if set(arg_dict) != {"path"}:
            raise ConfigError(f"model_args={dict(arg_dict)}: give path=DIR of a model, only")
        return cls(load_directory(Path(arg_dict["path"])))

    @classmethod
    def create_from_arg_string(
        cls, arg_string: str, additional_config: Mapping[str, Any] | None = None
    ) -> "HarnessModel":
        """The same from ``"path=DIR"``."""
        return cls.create_from_arg_obj(simple_parse_args_string(arg_string), additional_config)

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        """(nats, every token is the likeliest) of each (context, continuation)."""
        found = self._scorer.loglikelihood([request.args for request in requests])
        return [(one.sum, one.is_greedy) for one in found]

    def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[float]:
        """Nats of whole texts."""
        return [one.sum for one in self._scorer.rolling([r.args[0] for r in requests])]

    def generate_until(self, requests: Sequence[Any]) -> list[str]:
        """A text for each (context, options): greedy unless ``do_sample`` or a temperature says
        otherwise, up to the first of ``until``, end-of-text or ``max_gen_toks``.

        Requests of equal options go together. ConfigError for an option that our decoding lacks,
        and where a text of that length leaves no room for its context.
        """
        alike: dict[str, list[int]] = {}
        for at, request in enumerate(requests):
            alike.setdefault(json.dumps(request.args[1], sort_keys=True), []).append(at)
        found: dict[int, str] = {}
        for options, places in alike.items():
            prompts = [requests[at].args[0] for at in places]
            try:
                written = self._scorer.generate(prompts, **decoding(json.loads(options)))
            except CoreConfigError as error:
                remedy = "shorter answers: --gen-kwargs max_gen_toks=N"
                raise ConfigError(f"generation {options}: {error}; {remedy}") from error
            found.update(zip(places, written, strict=True))
        return [found[at] for at in range(len(requests))]


def decoding(options: Mapping[str, Any]) -> dict[str, Any]:
    """The harness's options of a generation as arguments of ``Scorer.generate``.

    >>> decoding({"until": "A", "max_gen_toks": 9, "do_sample": False, "temperature": 0.5})
    {'max_tokens': 9, 'stop': ['A'], 'temperature': 0.0}

    ConfigError names an option that there is none for.
    """
    given = {name: value for name, value in options.items() if value is not None}
    lengths = [given.pop(name) for name in _LENGTHS if name in given]
    sampled = given.pop("do_sample", given.get("temperature", 0) > 0)
    if unknown := sorted(set(given) - set(_RENAMED)):
        raise ConfigError(
            f"generation option {unknown[0]}={given[unknown[0]]!r}: our decoding knows do_sample, "
            f"{', '.join((*_RENAMED, *_LENGTHS))}; override it with --gen-kwargs {unknown[0]}=None"
        )
    until = given.get("until", [])
    stop = [until] if isinstance(until, str) else list(until)
    found = {_RENAMED[name]: value for name, value in given.items()}
    found |= {"max_tokens": int(next(iter(lengths), MAX_TOKENS)), "stop": list(filter(None, stop))}
    found["temperature"] = float(given.get("temperature", 1.0)) if sampled else 0.0
    return dict(sorted(found.items()))


@dataclass(frozen=True, kw_only=True, slots=True)
class HarnessConfig:
    """What ``generalist lm-eval`` runs. Raises ConfigError."""

    tasks: tuple[str, ...]
    """Names, groups or tags of the harness; ``*`` stands for anything."""
    limit: int | None = None
    """Items per task, the first ones; None: all."""
    num_fewshot: int | None = None
    """Solved items before each; None: as the task has it."""
    include_path: Path | None = None
    """A folder with task files of your own."""
    gen_kwargs: str = ""
    """Options of generation over those of the tasks, ``max_gen_toks=64,temperature=0.7``."""
    output: Path | None = None
    """A file for the harness's results as JSON."""

    def __post_init__(self) -> None:
        if not self.tasks or not all(self.tasks):
            raise ConfigError(f"--tasks={','.join(self.tasks)!r}: name tasks, joined by commas")
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"--limit={self.limit}: use 1 or more")
        if self.num_fewshot is not None and self.num_fewshot < 0:
            raise ConfigError(f"--num-fewshot={self.num_fewshot}: use 0 or more")
        if self.output is not None and not self.output.parent.is_dir():
            raise ConfigError(f"--output={self.output}: {self.output.parent} is no directory")


def run_harness(scorer: Scorer, config: HarnessConfig, *, name: str) -> str:
    """Run tasks of the harness on a model and return the harness's own table.

    ``name`` is what the results call the model. ConfigError for a task that the harness does not
    know, and where a task's data cannot be had.
    """
    logging.getLogger("lm_eval").setLevel(logging.WARNING)
    manager = _manager(config)
    tasks = known_tasks(config.tasks, manager)
    try:
        results = simple_evaluate(
            model=HarnessModel(scorer),
            tasks=tasks,
            limit=config.limit,
            num_fewshot=config.num_fewshot,
            gen_kwargs=config.gen_kwargs or None,
            task_manager=manager,
            log_samples=False,
        )
    except (ConnectionError, FileNotFoundError) as error:
        raise ConfigError(
            f"--tasks={','.join(tasks)}: the data cannot be had ({error}): the harness reads them "
            "from the Hub; with --include-path, a task file whose data_files are here does without"
        ) from error
    results["config"]["model_args"] = name
    if config.output is not None:
        text = json.dumps(results, indent=1, default=handle_non_serializable, ensure_ascii=False)
        write_whole(config.output, text + "\n")
    tables = [make_table(results)]
    if results.get("groups"):
        tables.append(make_table(results, "groups"))
    return "\n".join(tables)


def _manager(config: HarnessConfig) -> TaskManager:
    """Your own task files alone where they are all that is asked for: to read the names of the
    harness's 14,000 takes longer than a small evaluation."""
    if config.include_path is not None:
        own = TaskManager(include_path=str(config.include_path), include_defaults=False)
        if set(config.tasks) <= set(own.all_subtasks):
            return own
    return TaskManager(include_path=config.include_path and str(config.include_path))


def known_tasks(tasks: Iterable[str], manager: TaskManager) -> list[str]:
    """Names that patterns stand for; ConfigError suggests near ones where one stands for none."""
    found: dict[str, None] = {}
    for task in tasks:
        names = manager.match_tasks([task])
        if not names:
            near = difflib.get_close_matches(task, manager.all_tasks, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else "none is similar"
            raise ConfigError(f"--tasks={task!r}: the harness has no such task; {hint}")
        found.update(dict.fromkeys(names))
    return list(found)
