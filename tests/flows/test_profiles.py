"""Every shipped profile is whole, and its parameters are what Prefect's form shows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.errors import ConfigError
from flows.profiles import Overrides, load
from flows.shipped import PROFILES, tiny
from flows.workspace import plain
from gptcore.config import StreamConfig, TokenizerConfig
from gptcore.errors import GptcoreError
from gptcore.manifest import object_digest
from tasks_to_text import registry


@pytest.mark.parametrize("name", PROFILES)
def test_every_shipped_profile_builds_and_keeps_an_unseen_task(name: str) -> None:
    profile = load(name)
    unseen = set(profile.evaluation.tasks) - set(profile.mixture_tasks)
    assert profile.name == name and len(unseen) >= 2
    assert set(profile.evaluation.mixture) == set(profile.mixture_tasks)
    assert {task for task in profile.evaluation.tasks if registry.get(task).unseen} <= unseen
    assert profile.train.threads > 0 and profile.evaluation.threads > 0
    again = load(name)
    for part in ("convert", "ingest", "tokenizer", "model", "train", "evaluation", "gate"):
        ours, theirs = plain(getattr(profile, part)), plain(getattr(again, part))
        assert object_digest(ours) == object_digest(theirs)


@pytest.mark.parametrize("name", PROFILES)
def test_the_twin_sees_the_corpus_tokens_of_the_generalist_and_no_task(name: str) -> None:
    profile = load(name)
    twin = profile.language_model_only
    rates = {stream.name: stream.rate for stream in profile.train.mixture}
    share = rates["corpus"] / sum(rates.values())
    assert [stream.name for stream in twin.mixture] == ["corpus"]
    assert twin.tokens == int(profile.train.tokens * share)
    assert twin.seed == profile.train.seed


def test_overrides_change_what_they_name_and_nothing_else() -> None:
    profile, changed = load("tiny"), load("tiny", Overrides(tokens=30_000, seed=7, threads=2))
    assert changed.train.tokens == 30_000 and changed.train.seed == 7
    assert changed.train.warmup_tokens * 2 == profile.train.warmup_tokens
    assert changed.train.threads == changed.evaluation.threads == 2
    assert changed.documentation == profile.documentation and changed.model == profile.model


def test_an_unknown_profile_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'quickstart'"):
        load("quikstart")


def test_an_unknown_profile_says_where_projects_are_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GENERALIST_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="generalist.toml is, or with --project or GENERALIST_PR"):
        load("mine")


@pytest.mark.parametrize("bad", [{"tokens": 0}, {"seed": -1}, {"threads": -2}, {"threads": 1025}])
def test_overrides_that_cannot_work_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"overrides.{next(iter(bad))}="):
        Overrides(**bad)


@pytest.mark.parametrize("name", ["learning_rate", "muon_learning_rate", "weight_decay", "clip"])
@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_numbers_of_training_are_finite(name: str, value: float) -> None:
    with pytest.raises(GptcoreError, match=f"{name}={value}: must be a finite"):
        replace(tiny().train, **{name: value})  # type: ignore[arg-type]
    for field in ("rate", "target_weight"):
        with pytest.raises(GptcoreError, match=f"'corpus': {field}={value}: must be a finite"):
            replace(tiny().train.mixture[0], **{field: value})  # type: ignore[arg-type]


def test_sizes_stay_within_reason() -> None:
    with pytest.raises(GptcoreError, match="threads=1025: use at most 1024"):
        replace(tiny().train, threads=1025)
    with pytest.raises(GptcoreError, match="context_length=7: use at least 8"):
        replace(tiny().model, context_length=7)


def test_profiles_that_contradict_themselves_are_refused() -> None:
    profile = tiny()
    corpus, *rest = profile.train.mixture
    for bad, message in (
        ({"tokenizer": TokenizerConfig(vocab_size=600)}, "model.vocab_size=2048"),
        ({"train": replace(profile.train, mixture=(corpus, rest[0]))}, "evaluation.mixture"),
        ({"train": replace(profile.train, mixture=tuple(rest))}, "add the stream 'corpus'"),
        ({"convert": replace(profile.convert, tasks=("package",))}, "must be those of convert"),
        ({"catalogues": None}, "task 'translation' is made from 'catalogues'"),
        ({"documentation_is_corpus": False}, "name at least one corpus"),
    ):
        with pytest.raises(ConfigError, match=message):
            replace(profile, **bad)
    streams = (*profile.train.mixture, StreamConfig(name="sentence_order", rate=0.1))
    mixture = (*profile.mixture_tasks, "sentence_order")
    evaluation = replace(profile.evaluation, mixture=mixture)
    with pytest.raises(ConfigError, match="kept unseen"):
        replace(profile, train=replace(profile.train, mixture=streams), evaluation=evaluation)
