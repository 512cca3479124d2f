"""A policy of a profile becomes rates, and these become what a training reads."""

import csv
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from flows.encoding import CORPUS
from flows.errors import ConfigError
from flows.mixture import said, settled_mixture
from flows.plan import plan, show_plan
from flows.project import apply_spec, load_project
from flows.shipped import tiny
from gptcore.batches import MixtureStream
from gptcore.config import StreamConfig, TokenizerConfig
from gptcore.manifest import read_manifest
from gptcore.shards import encode_documents, encode_examples
from gptcore.tokenizer import load_tokenizer, train_tokenizer
from gptcore.tracking import read_jsonl
from tasks_to_text.mixture import MixtureConfig, Policy, rates
from tests.flows.test_corpora import prose
from tests.flows.test_plan import MACHINE
from tests.flows.test_project import TASK, TOML

EXAMPLES = {"parameter_type": 400, "package": 100, "summary": 50, "translation": 250}
COUNTS = {
    f"train/{name}": {"texts": n, "tokens": n * length}
    for (name, n), length in zip(EXAMPLES.items(), (20, 50, 200, 10), strict=True)
}
POLICIES: tuple[Policy, ...] = ("equal", "proportional")


def _rates(profile: Any) -> dict[str, float]:
    return {stream.name: stream.rate for stream in profile.train.mixture}


@pytest.mark.parametrize(
    "config",
    [
        MixtureConfig(policy="equal"),
        MixtureConfig(policy="proportional"),
        MixtureConfig(policy="proportional", cap=100, temperature=2.0),
    ],
)
def test_settled_rates_keep_the_corpus_and_read_examples_at_the_rates_of_the_policy(
    config: MixtureConfig,
) -> None:
    profile = replace(tiny(), mixture=config)
    settled = settled_mixture(profile, COUNTS)
    found = _rates(settled)
    assert found[CORPUS] == settled.corpus_share == profile.corpus_share == 0.4
    assert sum(found.values()) == pytest.approx(1, abs=1e-12)
    read = {
        name: found[name] * n / COUNTS[f"train/{name}"]["tokens"] for name, n in EXAMPLES.items()
    }
    expected = rates(EXAMPLES, config)
    assert {name: one / sum(read.values()) for name, one in read.items()} == pytest.approx(expected)
    assert settled_mixture(settled, COUNTS).train == settled.train
    assert settled.language_model_only == profile.language_model_only


def test_equal_is_no_matter_of_counts_and_proportional_is() -> None:
    many = {**COUNTS, "train/package": {"texts": 10_000, "tokens": 500_000}}
    for policy, same in (("equal", True), ("proportional", False)):
        profile = replace(tiny(), mixture=MixtureConfig(policy=policy))
        ours, theirs = (settled_mixture(profile, counts).train for counts in (COUNTS, many))
        assert (ours == theirs) is same


def test_given_rates_stay_as_they_are() -> None:
    profile = tiny()
    assert settled_mixture(profile, COUNTS) is profile
    assert said(profile).startswith("corpus 40%, parameter_type 20%")


@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_drawn_is_what_the_policy_says(policy: Policy, tmp_path: Path) -> None:
    parts = [f"{a}{b}" for a in "bdfgklm" for b in ("ana", "ero", "illi", "ost", "upu")]
    words = [f"{a}{b}" for a in parts for b in parts]
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, 40)) for _ in range(300)]
    (tmp_path / "tokenizer").mkdir()
    train_tokenizer(TokenizerConfig(vocab_size=512), texts, tmp_path / "tokenizer")
    tokenizer, shards = load_tokenizer(tmp_path / "tokenizer"), tmp_path / "shards"
    encode_documents(tokenizer, texts, shards, split="train", name=CORPUS)
    counts = {}
    for length, (name, n) in enumerate(EXAMPLES.items(), 2):
        pairs = [(" ".join(rng.choice(words, length**2)), " yes") for _ in range(n)]
        counts[f"train/{name}"] = encode_examples(
            tokenizer, pairs, shards, split="train", name=name
        )
    config = MixtureConfig(policy=policy)
    settled = settled_mixture(replace(tiny(), mixture=config), counts)
    stream = MixtureStream.open(shards, settled.train.mixture, context_length=16, rows=8, seed=0)
    for draw in range(1000):
        stream.batch(draw)
    state, total = stream.state, 8000
    lengths = {name: counts[f"train/{name}"]["tokens"] / n for name, n in EXAMPLES.items()}
    read = {name: 16 * state[name] / lengths[name] for name in EXAMPLES}
    for name, share in rates(EXAMPLES, config).items():
        rate = _rates(settled)[name]
        sigma = (rate * (1 - rate) / total) ** 0.5
        assert state[name] / total == pytest.approx(rate, abs=4 * sigma)
        found = read[name] / sum(read.values())
        assert found == pytest.approx(share, rel=6 * sigma / rate)  # two counts are in it


def test_a_policy_is_said_before_examples_are_counted() -> None:
    config = MixtureConfig(policy="proportional", cap=10_000, temperature=2.0)
    assert said(replace(tiny(), mixture=config)) == (
        "corpus 40%; the rest for parameter_type, package, summary, translation, by their numbers "
        "of examples (at most 10,000, temperature 2): their shares are known when the examples are "
        "encoded"
    )
    assert "as many examples of each:" in said(
        replace(tiny(), mixture=MixtureConfig(policy="equal"))
    )


def test_a_plan_needs_no_counts(tmp_path: Path) -> None:
    profile = replace(tiny(), mixture=MixtureConfig(policy="proportional"))
    made, settled = (
        plan(one, tmp_path, machine=MACHINE) for one in (profile, settled_mixture(profile, COUNTS))
    )
    assert made.trainings == settled.trainings and made.epochs == settled.epochs
    console = Console(file=io.StringIO(), width=200)
    show_plan(console, made)
    assert isinstance(console.file, io.StringIO)
    assert "by their numbers of examples: their shares are known" in console.file.getvalue()


def test_weights_of_templates_reach_the_encoding_and_need_a_task_of_the_mixture() -> None:
    weights = {"package": {"main": 2.0}}
    profile = replace(tiny(), mixture=MixtureConfig(template_weights=weights, template_seed=3))
    assert profile.encoding.template_weights == weights and profile.encoding.template_seed == 3
    with pytest.raises(ConfigError, match="template_weights: 'continuation' is not trained on"):
        replace(tiny(), mixture=MixtureConfig(template_weights={"continuation": {"main": 1.0}}))


def test_a_policy_needs_tasks() -> None:
    profile = tiny()
    alone = replace(profile.train, mixture=(StreamConfig(name=CORPUS, rate=1),))
    evaluation = replace(profile.evaluation, mixture=())
    replace(profile, train=alone, evaluation=evaluation)
    with pytest.raises(ConfigError, match="policy='equal': there is no task to mix"):
        replace(profile, train=alone, evaluation=evaluation, mixture=MixtureConfig(policy="equal"))


POLICY = """
mixture = { policy = "proportional", corpus = 0.25, tasks = ["topic"], cap = 70, temperature = 2 }
prompt_weight = 0
template_weights = { topic = { main = 2 } }
"""
_RATES = "mixture = { corpus = 0.5, topic = 0.5 }\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with two tasks of its own and a policy."""
    root = tmp_path / "project"
    (root / "tasks").mkdir(parents=True)
    (root / "generalist.toml").write_text(TOML.replace(_RATES, POLICY))
    (root / "tasks" / "topic.py").write_text(TASK)
    other = TASK.replace("topic", "other").replace("rows.csv", "others.csv")
    (root / "tasks" / "other.py").write_text(other)
    (root / "notes").mkdir()
    return root


def test_a_project_can_name_a_policy(root: Path) -> None:
    project = load_project(root)
    profile = apply_spec(project.profiles["mine"], tiny(), project)
    assert profile.mixture == MixtureConfig(
        policy="proportional", cap=70, temperature=2, template_weights={"topic": {"main": 2}}
    )
    assert [(one.name, one.rate, one.target_weight, one.prompt_weight)
            for one in profile.train.mixture] == [
        (CORPUS, 0.25, 1.0, 1.0), ("topic", 0.75, 3.0, 0),
    ]  # fmt: skip
    assert profile.evaluation.mixture == ("topic",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"proportional"', '"fair"', r"\[profiles.mine\] mixture: policy='fair': use one of given"),
        ('"proportional"', '"given"', "mixture policy='given': use equal or proportional"),
        ('"proportional"', '"equal"', "mixture: cap=70: means nothing with policy='equal'"),
        ('policy = "proportional", ', "", "mixture=.* rates above 0, or one with a policy"),
        ("cap = 70", "capp = 70", "mixture capp=70: no such key; did you mean 'cap'"),
        ("cap = 70", "cap = 0", "mixture: cap=0: count at least one"),
        ("cap = 70", "cap = 7.5", "mixture cap=7.5: must be a whole number"),
        ("temperature = 2", "temperature = 0.1", "temperature=0.1: use 1 or more"),
        ("corpus = 0.25, ", "", "mixture corpus=None: give its share, between 0 and 1"),
        ("corpus = 0.25", "corpus = 1", "mixture corpus=1: give its share, between 0 and 1"),
        ("corpus = 0.25", "corpus = 0.01", "'corpus' gets 300 of 30,000 tokens, and one step"),
        ('["topic"], cap', '["topik"], cap', "mixture tasks=.*did you mean 'topic'"),
        ('["topic"], cap', "[], cap", "mixture: tasks is missing; give a list of texts"),
        ("prompt_weight = 0", "prompt_weight = -1", "prompt_weight=-1: must not be negative"),
        ("answer_weight = 3", "answer_weight = 0", "where prompts weigh nothing, targets must"),
        ("main = 2", "main = -2", r"template_weights\['topic'\]\['main'\]=-2: must be"),
        ("main = 2", 'main = "2"', "template_weights=.*: must be a table of tasks, each with"),
        ("{ topic = { main", "{ sentence_order = { main", "'sentence_order' is not trained on"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(root: Path, old: str, new: str, message: str) -> None:
    path = root / "generalist.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ConfigError) as caught:
        project = load_project(root)
        apply_spec(project.profiles["mine"], tiny(), project)
    assert re.search(message, str(caught.value)) and str(path) in str(caught.value), caught.value


def test_every_line_of_the_template_can_be_switched_on(tmp_path: Path) -> None:
    from flows.init import init

    init(tmp_path / "mine")
    (tmp_path / "mine" / "data" / "labels.csv").write_text("text,label\nA,x\nB,y\n")
    path = tmp_path / "mine" / "generalist.toml"
    text = path.read_text().replace(_RATES, "")
    text = re.sub(r"^# (mixture|prompt_weight|template_weights) =", r"\1 =", text, flags=re.M)
    path.write_text(text)
    project = load_project(tmp_path / "mine")
    profile = apply_spec(project.profiles["mine"], tiny(), project)
    assert profile.mixture.policy == "proportional" and profile.mixture.template_weights


def _command(root: Path, name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "flows", name, "--profile", "mine"],
        env={**os.environ, "GENERALIST_PROJECT": str(root), "COLUMNS": "200"},
        cwd=root, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_a_run_is_made_and_kept_under_the_rates_of_its_policy(root: Path) -> None:
    rng = np.random.default_rng(0)
    for n, (name, words) in ((400, ("rows.csv", 4)), (200, ("others.csv", 12))):
        with (root / name).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label", "author"])
            for i in range(n):
                text = " ".join(map(str, rng.integers(100, 999, words)))
                writer.writerow([text, "ab"[i % 2], f"author {i % 40}"])
    for i in range(40):
        (root / "notes" / f"{i}.md").write_text(prose(i, 100))
    text = TOML.replace('["topic", "sentence_order"]', '["topic", "other"]')
    text = text.replace("tokens = 30_000", "tokens = 4_000\ncontext_length = 32")
    policy = 'mixture = { policy = "proportional", corpus = 0.25, tasks = ["topic", "other"] }\n'
    (root / "generalist.toml").write_text(text.replace(_RATES, f"{policy}prompt_weight = 0\n"))
    assert "by their numbers of examples" in " ".join(_command(root, "plan").split())
    _command(root, "pretrain")
    (shards,) = (root / "workspace" / "shards").glob("mine-*")
    (run,) = (root / "workspace" / "run").glob("mine-generalist-*")
    counts, train = read_manifest(shards).counts, read_manifest(run).config["train"]
    found = {stream["name"]: stream["rate"] for stream in train["mixture"]}
    tokens = {name: counts[f"train/{name}"]["tokens"] for name in ("topic", "other")}
    share = 0.75 / sum(tokens.values())
    expected = {CORPUS: 0.25, **{name: share * n for name, n in tokens.items()}}
    assert found == pytest.approx(expected)  # proportional: as many epochs of each
    assert all(row["train/loss_tokens"] > 0 for row in read_jsonl(run / "metrics.jsonl"))
