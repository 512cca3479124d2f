"""``generalist score FILE``: what a model thinks of a person's own texts and questions.

A ``.jsonl`` file (also ``.gz``, ``.zst``) has one request a line: ``{"text": …}``,
``{"prompt": …, "target": …}`` or ``{"prompt": …, "choices": [...], "gold": 0}`` (gold may be left
out). A ``.txt`` or ``.md`` file is one text. Answers are JSON lines in the same order.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.errors import ConfigError
from tasks_to_text.language_model import LanguageModel
from tasks_to_text.metrics import bits_per_byte
from tasks_to_text.records import Bad, read_file

Request = Mapping[str, Any]


def read_requests(path: Path) -> list[Request]:
    """All requests of a file; ConfigError names the first line that is none."""
    if not path.is_file():
        raise ConfigError(f"FILE={str(path)!r}: there is no such file")
    requests: list[Request] = []
    for number, record in enumerate(read_file(path, path.name), 1):
        if isinstance(record, Bad):
            raise ConfigError(f"{record.where}: {record.reason}")
        if why := _unfit(record):
            raise ConfigError(f"{path}, request {number}: {why}")
        requests.append(record)
    if not requests:
        raise ConfigError(f"FILE={str(path)!r}: it holds no request")
    return requests


def _unfit(record: Request) -> str:
    """Why a record is no request; "" when it is one."""
    if isinstance(record.get("text"), str):
        return "" if record["text"] else "text is empty"
    if not isinstance(record.get("prompt"), str):
        return "give text, or prompt with target or choices"
    if isinstance(record.get("target"), str) and record["target"]:
        return ""
    choices = record.get("choices")
    if not isinstance(choices, list) or not choices:
        return "give a target, or choices with at least one text"
    if not all(isinstance(choice, str) and choice for choice in choices):
        return "every choice must be a text"
    gold = record.get("gold", 0)
    return "" if gold in range(len(choices)) else f"gold={gold!r} is outside 0..{len(choices) - 1}"


def answers(model: LanguageModel, requests: Sequence[Request]) -> Iterator[str]:
    """One JSON line per request: log-likelihoods in nats, and what follows from them."""
    texts = [request["text"] for request in requests if "text" in request]
    pairs = [
        (request["prompt"], answer)
        for request in requests
        if "text" not in request
        for answer in request.get("choices", [request.get("target")])
    ]
    whole, parts = iter(model.rolling(texts)), iter(model.loglikelihood(pairs))
    for request in requests:
        if "text" in request:
            answer = _text_answer(request["text"], next(whole).sum)
        else:
            sums = [next(parts).sum for _ in request.get("choices", [None])]
            answer = _pair_answer(request, sums)
        yield json.dumps(answer, ensure_ascii=False)


def _text_answer(text: str, log_p: float) -> dict[str, Any]:
    size = len(text.encode())
    return {"loglikelihood": log_p, "bytes": size, "bits_per_byte": bits_per_byte(-log_p, size)}


def _pair_answer(request: Request, sums: Sequence[float]) -> dict[str, Any]:
    if "choices" not in request:
        return {"loglikelihood": sums[0]}
    best = max(range(len(sums)), key=sums.__getitem__)
    answer = {"loglikelihoods": sums, "predicted": best, "answer": request["choices"][best]}
    return answer | ({"correct": best == request["gold"]} if "gold" in request else {})
