"""What is asked of a model: strings in, log-likelihoods in nats and strings out.

``gptcore.scoring.Scorer`` satisfies it without knowing of it; so may a fake, or a peer's model.
"""

from collections.abc import Sequence
from typing import Protocol


class Loglikelihood(Protocol):
    """What a model says of one continuation or text."""

    @property
    def sum(self) -> float:
        """Log-likelihood in nats: 0 is certain."""

    @property
    def n_tokens(self) -> int:
        """Tokens scored."""

    @property
    def is_greedy(self) -> bool:
        """Whether each token was the likeliest one."""

    @property
    def token_logprobs(self) -> Sequence[float]:
        """Nats per token, in order; their sum is ``sum``."""

    @property
    def greedy_tokens(self) -> Sequence[bool]:
        """Per token whether it was the likeliest one after what stands before it."""

    @property
    def n_cut(self) -> int:
        """Tokens at the beginning of the context that the model did not see, for want of room."""


class LanguageModel(Protocol):
    """A model of strings."""

    def loglikelihood(self, requests: Sequence[tuple[str, str]]) -> Sequence[Loglikelihood]:
        """Score (context, continuation) pairs, in their order; "" means start of a text."""

    def fits(self, requests: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether the continuation of each pair can be scored as a whole: it is not too long, and
        has a token of its own after the context."""

    def rolling(self, texts: Sequence[str]) -> Sequence[Loglikelihood]:
        """Score whole texts, every token once, from the start of a text on."""

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
        """Continue each prompt up to a stop string or ``max_tokens``."""

    def n_cut(self, prompts: Sequence[str], max_tokens: int) -> list[int]:
        """Tokens at the beginning of each prompt that ``generate`` would leave out."""
