"""``generalist score``: every kind of request is answered in its place, every other is named."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.errors import ConfigError
from flows.requests import answers, read_requests


@dataclass
class Likelihood:
    """Of a text: the shorter, the likelier."""

    sum: float
    n_tokens: int = 1
    is_greedy: bool = True
    token_logprobs: Sequence[float] = ()
    greedy_tokens: Sequence[bool] = ()
    n_cut: int = 0


class Model:
    """A model that likes short texts."""

    def loglikelihood(self, requests: Sequence[tuple[str, str]]) -> list[Likelihood]:
        """Minus the characters of the continuation."""
        return [Likelihood(-len(answer)) for _, answer in requests]

    def fits(self, requests: Sequence[tuple[str, str]]) -> list[bool]:
        """All do."""
        return [True for _ in requests]

    def n_cut(self, prompts: Sequence[str], max_tokens: int) -> list[int]:
        """Nothing."""
        return [0 for _ in prompts]

    def rolling(self, texts: Sequence[str]) -> list[Likelihood]:
        """Minus the characters of the text."""
        return [Likelihood(-len(text)) for text in texts]

    def generate(self, prompts: Sequence[str], **settings: Any) -> list[str]:
        """Nothing."""
        return ["" for _ in prompts]


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


def test_every_request_is_answered_in_its_place(tmp_path: Path) -> None:
    nothing = {"text": None, "prompt": None, "target": None, "choices": None, "gold": None}
    path = write(
        tmp_path / "requests.jsonl",
        {**nothing, "prompt": "Two", "choices": [" abc", " a"], "gold": 1},
        {**nothing, "text": "abcd"},
        {**nothing, "prompt": "One", "target": " ab", "remark": "passed over"},
        {"prompt": "", "choices": ["x"]},
        {**nothing, "prompt": "Two", "choices": ["a", "bc"], "gold": 1},
    )
    made = [json.loads(line) for line in answers(Model(), read_requests(path))]
    assert made[0] == {
        "loglikelihoods": [-4, -2],
        "predicted": 1,
        "answer": " a",
        "correct": True,
    }
    assert made[1]["loglikelihood"] == -4 and made[1]["bytes"] == 4
    assert made[2] == {"loglikelihood": -3}
    assert made[3] == {"loglikelihoods": [-1], "predicted": 0, "answer": "x"}
    assert made[4]["correct"] is False


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, "give text, or prompt with either target or choices"),
        ({"prompt": "a"}, "give text, or prompt"),
        ({"target": "a"}, "give text, or prompt"),
        ({"prompt": "a", "target": "b", "choices": ["c"]}, "either target or choices"),
        ({"text": ""}, "text is empty"),
        ({"text": "a", "prompt": "b", "target": "c"}, "text stands alone"),
        ({"text": 1}, "text=1 is not text"),
        ({"prompt": ["a"], "target": "b"}, r"prompt=\['a'\] is not text"),
        ({"prompt": "a", "target": ""}, "target is empty"),
        ({"prompt": "a", "choices": []}, "at least one choice"),
        ({"prompt": "a", "choices": ["b", ""]}, "none that is empty"),
        ({"prompt": "a", "choices": "bc"}, "choices='bc' is not a list of texts"),
        ({"prompt": "a", "choices": ["b", None]}, "is not a list of texts"),
        ({"prompt": "a", "choices": ["b", "c"], "gold": 2}, "gold=2 is outside 0..1"),
        ({"prompt": "a", "choices": ["b", "c"], "gold": -1}, "gold=-1 is outside 0..1"),
        ({"prompt": "a", "choices": ["b", "c"], "gold": True}, "gold=True is not a whole number"),
        ({"prompt": "a", "choices": ["b", "c"], "gold": 1.0}, "gold=1.0 is not a whole number"),
        ({"prompt": "a", "target": "b", "gold": 0}, "gold is the index of a choice: leave it out"),
    ],
)
def test_what_is_no_request_is_named_with_its_line(
    record: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "requests.jsonl", {"text": "fine"}, record)
    with pytest.raises(ConfigError, match=f"requests.jsonl, line 2: .*{message}"):
        read_requests(path)


def test_empty_lines_count_in_archives_too(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "fine"}\n\n{"text": ""}\n'))
    with pytest.raises(ConfigError, match=r"requests.jsonl.gz, line 3: text is empty"):
        read_requests(path)


def test_a_file_of_text_is_one_request(tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("A note.")
    assert [request.text for request in read_requests(tmp_path / "note.md")] == ["A note."]
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(ConfigError, match="it holds no request"):
        read_requests(tmp_path / "empty.jsonl")
