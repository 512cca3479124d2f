"""Streams: each window once per epoch, rates as stated, exact resumption, one shift, weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gptcore.batches import MixtureStream, WindowStream, validation_batches
from gptcore.config import ModelConfig, StreamConfig
from gptcore.distributed import ALONE, Ranks
from gptcore.errors import ConfigError, DataError, ProductError
from gptcore.model import GPT
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
    assert sorted(first) == sorted(second) == list(range(0, 1000, 10))
    assert first != second


@pytest.mark.parametrize("n", [11, 12, 20, 21, 22, 999, 1001])
def test_an_epoch_predicts_every_id_once_but_the_first(n: int) -> None:
    """Also those of the end that fill no window; padding weighs nothing and reads end-of-text."""
    shard = Shard(np.arange(n, dtype=np.uint16), None)
    stream = WindowStream(StreamConfig(name="x", rate=1), shard, 10, seed=0)
    for epoch in range(2):
        first = epoch * stream.n_windows
        windows = [stream.window(first + i) for i in range(stream.n_windows)]
        ids, weights = (np.stack(part)[:, 1:] for part in zip(*windows, strict=True))
        assert sorted(ids[weights > 0].tolist()) == list(range(1, n))
        assert set(ids[weights == 0].tolist()) <= {n - 1} and set(weights.flat) <= {0.0, 1.0}


def test_what_is_left_at_the_end_does_not_change_the_order_of_whole_windows() -> None:
    order = []
    for n in (991, 996):
        shard = Shard(np.arange(n, dtype=np.uint16), None)
        stream = WindowStream(StreamConfig(name="x", rate=1), shard, 10, seed=3)
        order.append([int(stream.window(i)[0][0]) for i in range(99)])
    assert order[0] == order[1]
    assert int(stream.window(99)[0][0]) == 990


def _marked(n: int) -> Shard:
    """Examples of one to five ids, each with an id of its own; 0 is end-of-text."""
    rng = np.random.default_rng(0)
    texts = [[1] * int(rng.integers(0, 4)) + [2 + i, 0] for i in range(n)]
    ids = np.array([0, *(i for text in texts for i in text)], np.uint16)
    return Shard(ids, (ids > 1).astype(np.uint8))


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_an_epoch_holds_every_example_once_over_all_ranks(ranks: int) -> None:
    config, shard, n = StreamConfig(name="x", rate=1), _marked(150), 150
    length = next(t for t in range(9, 40) if -(-(len(shard.ids) - 1) // t) % 4 == 0)
    assert (len(shard.ids) - 1) % length  # its end fills no window
    seen = np.zeros((2, n), int)
    for rank in range(ranks):
        here = Ranks(rank=rank, count=ranks)
        stream = WindowStream(config, shard, length, 0)
        mixture = MixtureStream([stream], rows=4, seed=0, ranks=here)
        steps = stream.n_windows // 4
        for draw in range(2 * steps):
            batch = mixture.batch(draw)
            found = batch.labels[(batch.labels > 1) & (batch.weights > 0)].numpy() - 2
            np.add.at(seen[draw // steps], found, 1)
    assert (seen == 1).all()


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


def test_where_prompts_weigh_nothing_targets_and_their_end_carry_the_loss(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    pairs = [("the matrix", " return"), ("value of the array", " sum")]
    encode_examples(tokenizer, pairs, tmp_path, split="train", name="x", seed=1)
    shard = load_shard(tmp_path, split="train", name="x")
    config = StreamConfig(name="x", rate=1, target_weight=3, prompt_weight=0)
    ids, weights = WindowStream(config, shard, len(shard.ids) - 1, seed=0).window(0)
    assert shard.target is not None
    assert weights.tolist() == [
        1.0 if i == tokenizer.end_of_text else 3.0 * target
        for i, target in zip(ids, shard.target, strict=True)
    ]
    assert set(weights.tolist()) == {0.0, 1.0, 3.0}
    without = Shard(shard.ids, None)  # a corpus has no prompts
    assert (WindowStream(config, without, 8, seed=0).window(0)[1] == 1).all()


def test_a_prompt_weight_of_0_is_masking_by_hand() -> None:
    ids = np.array([9, 8, 7, 3, 0, 9, 8, 4, 4, 0, 6, 5, 9], np.uint16)  # the last is the end
    target = np.array([0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0], np.uint8)
    shard = Shard(np.append(ids, np.uint16(0)), np.append(target, np.uint8(0)))
    config = StreamConfig(name="x", rate=1, prompt_weight=0)
    stream = WindowStream(config, shard, 13, seed=0)
    batch = MixtureStream([stream], rows=2, seed=0).batch(0)
    assert batch.loss_tokens == batch.weight == 2 * 6
    shape = ModelConfig(vocab_size=10, context_length=16, n_layer=1, n_head=1, n_embd=16)
    ours, theirs = GPT(shape).initialize(0), GPT(shape).initialize(0)
    (ours.loss(batch.ids, batch.labels, batch.weights) / batch.weight).backward()
    labels = torch.tensor([[-100, -100, 3, 0, -100, -100, 4, 4, 0, -100, -100, -100, 0]] * 2)
    logits = theirs(batch.ids) @ theirs.wte.weight.T
    torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten()).backward()
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, msg=name)


def test_draw_frequencies_are_the_rates_of_many_streams() -> None:
    rates = {"a": 0.5, "b": 0.03, "c": 0.17, "d": 0.3}
    shard = Shard(np.arange(100, dtype=np.uint16), None)
    streams = [WindowStream(StreamConfig(name=n, rate=r), shard, 9, 0) for n, r in rates.items()]
    mixture, draws = MixtureStream(streams, rows=16, seed=5), 500
    for draw in range(draws):
        mixture.batch(draw)
    for name, rate in rates.items():
        sigma = (rate * (1 - rate) / (16 * draws)) ** 0.5
        assert mixture.state[name] / (16 * draws) == pytest.approx(rate, abs=4 * sigma)


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


def test_ranks_together_go_on_in_mid_epoch_as_one_would(shards: Path) -> None:
    def rows(ranks: Ranks, state: dict[str, int], first: int) -> tuple[torch.Tensor, MixtureStream]:
        stream = MixtureStream.open(shards, MIXTURE, context_length=16, rows=8, seed=0, ranks=ranks)
        stream.restore(state)
        return torch.stack([stream.batch(draw).ids for draw in range(first, first + 30)]), stream

    nothing = dict.fromkeys(("corpus", "answer"), 0)
    _, stopped = rows(ALONE, nothing, 0)
    assert 0 < stopped.epochs["answer"] % 1 < 1
    whole, _ = rows(ALONE, stopped.state, 30)
    parts = [rows(Ranks(rank=r, count=2), stopped.state, 30)[0] for r in range(2)]
    assert torch.equal(whole, torch.cat(parts, dim=1))


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


@pytest.mark.parametrize("value", [-1.0, float("nan")])
@pytest.mark.parametrize("name", ["target_weight", "prompt_weight"])
def test_weights_that_mean_nothing_are_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"stream 'x': {name}={value}: must"):
        StreamConfig(name="x", rate=1, **{name: value})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="where prompts weigh nothing, targets must"):
        StreamConfig(name="x", rate=1, target_weight=0, prompt_weight=0)
