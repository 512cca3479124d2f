"""Stop strings: found at the token that completes them, as if all had been decoded."""

import random

import pytest

from gptcore.errors import ConfigError
from gptcore.stops import Stops
from gptcore.tokenizer import Tokenizer
from tests.gptcore.conftest import texts

TEXTS = [*texts(20, 21), "naïve Σ\u2581 日本語 🙂🙂 x", "\u2581\u2581 é\n\né", "🙂é" * 9]
STOPS = [
    "\n",
    "\n\n",
    " the ",
    "tur",
    "é",
    "🙂",
    "🙂🙂",
    "本",
    "\u2581",
    "\u2581 日",
    "\ufffd",
    "End.",
]


@pytest.mark.parametrize("seed", range(4))
def test_a_stop_is_seen_at_the_token_that_decoding_all_would_see_it_at(
    tokenizer: Tokenizer, seed: int
) -> None:
    rng = random.Random(seed)
    seen = 0
    for text in TEXTS:
        marks = rng.sample(STOPS, 3)
        ids = tokenizer.encode(text)
        if seed % 2:  # pieces in any order: bytes that are no UTF-8 too
            rng.shuffle(ids)
        stops = Stops(tokenizer, marks)
        for n in range(1, len(ids) + 1):
            whole = tokenizer.decode(ids[:n])
            there = any(mark in whole for mark in marks)
            assert stops.reached(ids[:n]) == there
            if there:
                seen += 1
                ends = [whole.find(mark) for mark in marks if mark in whole]
                assert stops.text(ids[:n]) == whole[: min(ends)]
                break
    assert seen > 5


def test_without_stops_nothing_ends(tokenizer: Tokenizer) -> None:
    stops, ids = Stops(tokenizer, ()), tokenizer.encode(TEXTS[0])
    assert not stops.reached(ids) and stops.text(ids) == TEXTS[0]


def test_an_empty_stop_is_refused(tokenizer: Tokenizer) -> None:
    with pytest.raises(ConfigError, match="stop=''"):
        Stops(tokenizer, ["\n", ""])
