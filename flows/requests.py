"""``generalist score FILE``: what a model thinks of a person's own texts and questions.

A ``.jsonl`` file (also ``.gz``, ``.zst``) has one request a line: ``{"text": …}``,
``{"prompt": …, "target": …}`` or ``{"prompt": …, "choices": [...], "gold": 0}`` (gold may be left
out). A field that is null is left out too; fields of other names are passed over. A ``.txt`` or
``.md`` file is one text. Answers are JSON lines in the same order.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.errors import ConfigError
from tasks_to_text.language_model import LanguageModel
from tasks_to_text.metrics import bits_per_byte
from tasks_to_text.records import Bad, format_of, read_file

_FIELDS = ("text", "prompt", "target", "choices", "gold")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is to be scored: a text, a target after a prompt, or choices after a prompt.

    Raises ConfigError, which says what to mend.
    """

    text: str | None = None
    prompt: str | None = None
    target: str | None = None
    choices: tuple[str, ...] | None = None
    gold: int | None = None
    """Index of the right choice; None: not known."""

    def __post_init__(self) -> None:
        others = (self.prompt, self.target, self.choices, self.gold)
        if self.text is None:
            self._check_question()
        elif self.text == "":
            raise ConfigError("text is empty")
        elif any(other is not None for other in others):
            raise ConfigError("text stands alone: leave prompt, target, choices and gold out")

    def _check_question(self) -> None:
        if self.prompt is None or (self.target is None) == (self.choices is None):
            raise ConfigError("give text, or prompt with either target or choices")
        if self.target == "":
            raise ConfigError("target is empty")
        if self.choices is not None and not (self.choices and all(self.choices)):
            raise ConfigError("give at least one choice, and none that is empty")
        if self.gold is None:
            return
        if self.choices is None:
            raise ConfigError("gold is the index of a choice: leave it out beside target")
        if not 0 <= self.gold < len(self.choices):
            raise ConfigError(f"gold={self.gold} is outside 0..{len(self.choices) - 1}")

    @property
    def answers(self) -> tuple[str, ...]:
        """What is scored after the prompt; () for a text."""
        return self.choices or (() if self.target is None else (self.target,))


def read_requests(path: Path) -> list[Request]:
    """All requests of a file; ConfigError names the first line that is none."""
    if not path.is_file():
        raise ConfigError(f"FILE={str(path)!r}: there is no such file")
    requests: list[Request] = []
    for number, record in enumerate(read_file(path, path.name), 1):
        if isinstance(record, Bad):
            raise ConfigError(f"{record.where}: {record.reason}")
        try:
            requests.append(_request(record))
        except ConfigError as error:
            raise ConfigError(f"{path}, {_place(path, number)}: {error}") from error
    if not requests:
        raise ConfigError(f"FILE={str(path)!r}: it holds no request")
    return requests


def _request(record: Mapping[str, Any]) -> Request:
    given = {name: record[name] for name in _FIELDS if record.get(name) is not None}
    for name in ("text", "prompt", "target"):
        if not isinstance(given.get(name, ""), str):
            raise ConfigError(f"{name}={given[name]!r:.80} is not text")
    choices, gold = given.get("choices", []), given.get("gold", 0)
    if not isinstance(choices, list) or not all(isinstance(one, str) for one in choices):
        raise ConfigError(f"choices={choices!r:.80} is not a list of texts")
    if type(gold) is not int:  # true is an int for Python
        raise ConfigError(f"gold={gold!r:.80} is not a whole number")
    return Request(**given | ({"choices": tuple(choices)} if "choices" in given else {}))


def _place(path: Path, number: int) -> str:
    """Where a record stands: its line, where lines without anything count, or its row."""
    if format_of(path) != ".jsonl":
        return f"row {number}"
    with io.BufferedReader(pa.input_stream(str(path))) as stream:
        lines = [i for i, line in enumerate(stream, 1) if line.strip()]
    return f"line {lines[number - 1]}"


def answers(model: LanguageModel, requests: Sequence[Request]) -> Iterator[str]:
    """One JSON line per request: log-likelihoods in nats, and what follows from them."""
    texts = [request.text for request in requests if request.text is not None]
    pairs = [(request.prompt or "", answer) for request in requests for answer in request.answers]
    whole, parts = iter(model.rolling(texts)), iter(model.loglikelihood(pairs))
    for request in requests:
        if request.text is not None:
            answer = _text_answer(request.text, next(whole).sum)
        else:
            answer = _pair_answer(request, [next(parts).sum for _ in request.answers])
        yield json.dumps(answer, ensure_ascii=False)


def _text_answer(text: str, log_p: float) -> dict[str, Any]:
    size = len(text.encode())
    return {"loglikelihood": log_p, "bytes": size, "bits_per_byte": bits_per_byte(-log_p, size)}


def _pair_answer(request: Request, sums: Sequence[float]) -> dict[str, Any]:
    if request.choices is None:
        return {"loglikelihood": sums[0]}
    best = max(range(len(sums)), key=sums.__getitem__)
    answer = {"loglikelihoods": sums, "predicted": best, "answer": request.choices[best]}
    return answer | ({} if request.gold is None else {"correct": best == request.gold})
