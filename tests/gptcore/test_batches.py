"""Streams: each window once per epoch, rates as stated, exact resumption, one shift."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gptcore.batches import MixtureStream, WindowStream, validation_batches
from gptcore.config import StreamConfig
from gptcore.errors import DataError, ProductError
from gptcore.shards import Shard, encode_examples, load_shard
from gptcore.tokenizer import Tokenizer

MIXTURE = (
    StreamConfig(name="corpus", rate=3),
    StreamConfig(name="answer", rate=1, target_weight=7),
)


def _open(shards: Path, seed: int = 0) -> MixtureStream:
    return MixtureStream.open(shards, MIXTURE, context_length=16, rows=8, seed=seed)


def test_an_epoch_holds_every_window_once_and_the_next_in_another_order() -> None:
    shard = Shard(np.arange(1000, dtype=np.uint16), None)
    stream = WindowStream(StreamConfig(name="x", rate=1), shard, 10, seed=0)
    starts = [int(stream.window(i)[0][0]) for i in range(2 * stream.n_windows)]
    first, second = starts[: stream.n_windows], starts[stream.n_windows :]
    assert sorted(first) == sorted(second) == list(range(0, 990, 10))
    assert first != second


def test_labels_are_ids_one_position_later(shards: Path) -> None:
    batch = _open(shards).batch(0)
    assert batch.ids.shape == batch.labels.shape == batch.weights.shape == (8, 16)
    assert torch.equal(batch.ids[:, 1:], batch.labels[:, :-1])


def test_only_targets_carry_the_target_weight(shards: Path, tokenizer: Tokenizer) -> None:
    shard = load_shard(shards, split="train", name="answer")
    stream = WindowStream(MIXTURE[1], shard, 16, seed=0)
    ids, weights = stream.window(0)
    heavy = tokenizer.decode(ids[weights == 7].tolist()).split()
    assert set(heavy) <= {"yes", "no"} and heavy
    assert set(weights.tolist()) == {1.0, 7.0}


def test_draw_frequencies_are_the_rates(shards: Path) -> None:
    stream = _open(shards)
    for draw in range(400):
        stream.batch(draw)
    share = stream.state["corpus"] / sum(stream.state.values())
    assert sum(stream.state.values()) == 3200
    assert share == pytest.approx(0.75, abs=4 * (0.75 * 0.25 / 3200) ** 0.5)


def test_a_restored_stream_goes_on_with_the_same_batches(shards: Path) -> None:
    undisturbed = _open(shards)
    batches = [undisturbed.batch(draw) for draw in range(160)]  # several epochs of `answer`
    assert undisturbed.epochs["answer"] > 1
    stopped = _open(shards)
    for draw in range(25):
        stopped.batch(draw)
    resumed = _open(shards)
    resumed.restore(stopped.state)
    for draw in range(25, 160):
        batch = resumed.batch(draw)
        assert torch.equal(batch.ids, batches[draw].ids)
        assert torch.equal(batch.weights, batches[draw].weights)


def test_the_seed_changes_the_order(shards: Path) -> None:
    assert not torch.equal(_open(shards, 0).batch(0).ids, _open(shards, 1).batch(0).ids)


def test_validation_windows_are_spread_and_never_repeat(shards: Path) -> None:
    shard = load_shard(shards, split="validation", name="corpus")
    batches = validation_batches(shard, 16, windows=10, rows=4)
    rows = [tuple(row.tolist()) for batch in batches for row in batch.ids]
    assert len(rows) == len(set(rows)) == 10


def test_a_target_is_tokenised_after_its_prompt(tokenizer: Tokenizer, tmp_path: Path) -> None:
    encode_examples(tokenizer, [("the matrix", " return")], tmp_path, split="train", name="one")
    shard = load_shard(tmp_path, split="train", name="one")
    assert shard.target is not None
    assert tokenizer.decode(shard.ids[shard.target == 1].tolist()) == " return"
    assert shard.ids[-1] == tokenizer.end_of_text


def test_bad_shards_are_named(tokenizer: Tokenizer, shards: Path, tmp_path: Path) -> None:
    with pytest.raises(ProductError, match=r"missing.*answer.*corpus"):
        load_shard(shards, split="train", name="anwser")
    with pytest.raises(DataError, match="no texts"):
        encode_examples(tokenizer, [], tmp_path, split="train", name="none")
    with pytest.raises(DataError, match="fewer than one window"):
        WindowStream(MIXTURE[0], Shard(np.zeros(5, np.uint16), None), 16, seed=0)
    (tmp_path / "train").mkdir(exist_ok=True)
    np.save(tmp_path / "train" / "evil.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ProductError, match="no shard"):
        load_shard(tmp_path, split="train", name="evil")
