"""A language model that answers by rule: the one seam of evaluation that tests replace."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks_to_text.language_model import LanguageModel


@dataclass(frozen=True)
class Answer:
    sum: float
    n_tokens: int = 1
    is_greedy: bool = False
    token_logprobs: tuple[float, ...] = ()
    greedy_tokens: tuple[bool, ...] = ()
    n_cut: int = 0


class Fake:
    """Knows the continuation of some contexts; counts its calls and requests.

    A word is a token. ``room``: words of a context that it sees, and of a continuation that it
    takes.
    """

    def __init__(
        self,
        known: Mapping[str, str] = {},
        nats: Mapping[tuple[str, str], float] = {},
        room: int = 1000,
    ) -> None:
        self.known, self.nats, self.room = known, nats, room
        self.requests: list[tuple[str, str]] = []
        self.calls = 0

    def loglikelihood(self, requests: Sequence[tuple[str, str]]) -> Sequence[Answer]:
        self.calls += 1
        self.requests += requests
        return [self._answer(*request) for request in requests]

    def _answer(self, context: str, continuation: str) -> Answer:
        knows = self.known.get(context) == continuation
        nats = self.nats.get((context, continuation), 0.0 if knows else 1.0)
        return Answer(
            -nats,
            n_tokens=len(continuation.split()),
            is_greedy=knows,
            token_logprobs=(-nats,),
            greedy_tokens=(knows,),
            n_cut=self._cut(context),
        )

    def _cut(self, context: str) -> int:
        return max(0, len(context.split()) - self.room)

    def fits(self, requests: Sequence[tuple[str, str]]) -> list[bool]:
        return [len(text.split()) <= self.room for _, text in requests]

    def n_cut(self, prompts: Sequence[str], max_tokens: int) -> list[int]:
        return [self._cut(prompt) for prompt in prompts]

    def rolling(self, texts: Sequence[str]) -> Sequence[Answer]:
        return [Answer(-math.log(256) * len(text.encode())) for text in texts]

    def generate(
        self,
        prompts: Sequence[str],
        *,
        stop: Sequence[str],
        max_tokens: int,
        temperature: float = 0.0,
        top_k: int = 0,
        seed: int = 0,
    ) -> list[str]:
        self.settings = {"temperature": temperature, "top_k": top_k, "seed": seed}
        return [self.known.get(prompt, " no idea") for prompt in prompts]


_: LanguageModel = Fake()
