"""Scoring against lm-evaluation-harness' Hugging Face back end at batch 16, in fp32.

10M model, same weights; the same requests as token ids for both, so neither side's tokenizer is
timed. Log-likelihoods must agree within 1e-4 and every ``is_greedy`` must be equal.

Ids are drawn, with lengths as a HellaSwag- and a LAMBADA-like task has them. Where
``GENERALIST_DATA`` names a directory with the published rows, these are scored too: HellaSwag's
contexts with four endings each and LAMBADA's passages with their last word, tokenised by a
tokenizer that was trained on them.
"""

import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from benchmarks import harness, peers
from gptcore.config import TokenizerConfig
from gptcore.packing import Request
from gptcore.scoring import Scorer
from gptcore.tokenizer import Tokenizer, load_tokenizer, train_tokenizer

BATCH = 16
VOCABULARY = 8192
HELLASWAG, LAMBADA = "HellaSwag-like", "LAMBADA-like"
GOALS = {HELLASWAG: 2.1, LAMBADA: 2.7}
CONTEXTS = {HELLASWAG: 48, LAMBADA: 160}
"""How many are scored in a round."""
Requests = dict[str, list[Request]]


def main() -> None:
    torch.set_num_threads(1)
    only_ids: Any = SimpleNamespace(vocab_size=VOCABULARY, end_of_text=0)
    claims = _claims("drawn ids", _drawn(), only_ids)
    if "GENERALIST_DATA" in os.environ:
        claims += _claims("published rows", *_published(Path(os.environ["GENERALIST_DATA"])))
    harness.report(__file__, claims)


def _claims(source: str, requests: Requests, tokenizer: Tokenizer) -> list[harness.Claim]:
    model = peers.small_model(tokenizer.vocab_size)
    peer = peers.harness_model(model, tokenizer, batch_size=BATCH)
    scorer = Scorer(model, tokenizer, threads=1)
    return [_claim(name, source, some, scorer, peer) for name, some in requests.items()]


def _claim(
    name: str, source: str, requests: list[Request], scorer: Scorer, peer: Any
) -> harness.Claim:
    asked = [(("", ""), list(one.trunk), list(one.expected)) for one in requests]

    def ours() -> Any:
        return scorer._scores(requests)

    def theirs() -> Any:
        return peer._loglikelihood_tokens(asked, disable_tqdm=True)

    for scores, (total, greedy) in zip(ours(), theirs(), strict=True):
        assert abs(sum(score for score, _ in scores) - total) < 1e-4
        assert all(is_greedy for _, is_greedy in scores) == greedy
    n = len(requests)
    rates = harness.rates({"ours": _counted(ours), "peer": _counted(theirs)})
    context = sum(len(one.trunk) for one in requests) / n
    expected = sum(len(one.expected) for one in requests) / n
    return harness.compare(
        f"scoring v. lm-evaluation-harness, {name} ({source}: {context:.0f} + {expected:.1f} "
        "tokens), 10M, batch 16, fp32, without tokenisation, requests/s",
        rates["ours"],
        rates["peer"],
        goal=GOALS[name],
    )


def _counted(score: Callable[[], Any]) -> harness.Work:
    def work() -> float:
        return float(len(score()))

    return work


def _drawn() -> Requests:
    """Contexts of 80 … 120 ids with four endings of 20 … 30; of 80 … 100 with a word of 1 … 3."""
    rng = random.Random(0)

    def ids(low: int, high: int) -> tuple[int, ...]:
        return tuple(rng.choices(range(1, VOCABULARY), k=rng.randint(low, high)))

    choices = [ids(80, 120) for _ in range(CONTEXTS[HELLASWAG])]
    passages = [ids(80, 100) for _ in range(CONTEXTS[LAMBADA])]
    return {
        HELLASWAG: [Request((0, *context), ids(20, 30)) for context in choices for _ in range(4)],
        LAMBADA: [Request((0, *context), ids(1, 3)) for context in passages],
    }


def _published(directory: Path) -> tuple[Requests, Tokenizer]:
    """Requests of rows, evenly from all, and the tokenizer that was trained on all."""
    import duckdb

    def rows(path: str) -> list[dict[str, Any]]:
        table = duckdb.read_json(str(directory / "tasks" / path)).to_arrow_table()
        found: list[dict[str, Any]] = table.to_pylist()
        return found

    choices = rows("hellaswag/validation.jsonl.zst")
    passages = [row["text"].rpartition(" ") for row in rows("lambada/test.jsonl.zst")]
    groups = {
        HELLASWAG: [
            [(f"{row['activity_label']}: {row['ctx']}", f" {end}") for end in row["endings"]]
            for row in choices
        ],
        LAMBADA: [[(context, f" {word}")] for context, _, word in passages],
    }
    texts = [context + end for some in groups.values() for group in some for context, end in group]
    with tempfile.TemporaryDirectory() as out:
        train_tokenizer(TokenizerConfig(vocab_size=VOCABULARY), texts, Path(out))
        tokenizer = load_tokenizer(Path(out))
    scorer = Scorer(peers.small_model(), tokenizer, threads=1)
    found = {}
    for name, some in groups.items():
        chosen = some[:: len(some) // CONTEXTS[name]][: CONTEXTS[name]]
        found[name] = scorer._requests([pair for group in chosen for pair in group])
    return found, tokenizer


if __name__ == "__main__":
    main()
