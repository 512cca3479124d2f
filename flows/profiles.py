"""Complete configurations by name: everything a nightly run is decided by.

A profile is a function that returns a whole ``Profile``. The numbers of ``quickstart`` were chosen
on validation splits; ``tiny`` is for tests.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, ClassVar, Literal, get_args

from flows import distributions
from flows.encoding import CORPUS, EncodingConfig
from flows.errors import ConfigError
from flows.gate import GateConfig
from flows.scores import EvaluationConfig
from gptcore.config import ModelConfig, StreamConfig, TokenizerConfig, TrainConfig
from gptcore.config import tiny as tiny_gpt
from gptcore.cores import usable_cores
from gptcore.corpus.documentation import DocumentationConfig
from gptcore.corpus.ingest import IngestConfig
from tasks_to_text import registry
from tasks_to_text.convert import ConvertConfig

ProfileName = Literal["quickstart", "tiny"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """All configurations of one pipeline; raises ConfigError when they contradict each other."""

    name: str
    documentation: DocumentationConfig
    convert: ConvertConfig
    ingest: IngestConfig
    tokenizer: TokenizerConfig
    model: ModelConfig
    train: TrainConfig
    """Of the generalist; its mixture names the corpus and some of the tasks."""
    evaluation: EvaluationConfig
    gate: GateConfig

    def __post_init__(self) -> None:
        mixture, tasks, size = self.mixture_tasks, self.convert.tasks, self.model.vocab_size
        self._need(
            size == self.tokenizer.vocab_size,
            f"model.vocab_size={size}: must be tokenizer.vocab_size={self.tokenizer.vocab_size}",
        )
        self._need(
            len(mixture) < len(self.train.mixture),
            f"train.mixture={mixture}: add the stream {CORPUS!r}",
        )
        self._need(
            {*mixture, *self.evaluation.tasks} <= set(tasks),
            f"convert.tasks={tasks}: must hold all tasks of train.mixture and of evaluation",
        )
        self._need(
            set(self.evaluation.mixture) == set(mixture),
            f"evaluation.mixture={self.evaluation.mixture}: must be that of train, {mixture}",
        )
        unseen = [name for name in mixture if registry.get(name).unseen]
        self._need(not unseen, f"train.mixture: {unseen} are kept unseen, take them out")

    def _need(self, holds: bool, message: str) -> None:
        if not holds:
            raise ConfigError(f"profile {self.name!r}: {message}")

    @property
    def mixture_tasks(self) -> tuple[str, ...]:
        """Tasks that the generalist is trained on, in the order of the mixture."""
        return tuple(stream.name for stream in self.train.mixture if stream.name != CORPUS)

    @property
    def encoding(self) -> EncodingConfig:
        """What becomes a shard."""
        return EncodingConfig(tasks=self.mixture_tasks)

    @property
    def language_model_only(self) -> TrainConfig:
        """The same training on corpus text alone, with as many tokens of it as the generalist."""
        rates = {stream.name: stream.rate for stream in self.train.mixture}
        share = rates[CORPUS] / sum(rates.values())
        streams = tuple(stream for stream in self.train.mixture if stream.name == CORPUS)
        return with_tokens(replace(self.train, mixture=streams), int(self.train.tokens * share))


@dataclass(frozen=True, kw_only=True, slots=True)
class Overrides:
    """What a person may change for one run without another profile."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {
        "use_attribute_docstrings": True,
        "extra": "forbid",
    }
    """How Prefect's form shows and checks these fields."""

    tokens: int | None = None
    """Training budget in tokens; the warm-up is scaled with it."""
    seed: int | None = None
    """Of the initial weights and the order of the data."""
    threads: int | None = None
    """Processor threads of training and scoring; 0: all cores."""

    def __post_init__(self) -> None:
        if self.tokens is not None and self.tokens < 1000:
            raise ConfigError(f"overrides.tokens={self.tokens}: use at least 1000")
        for name in ("seed", "threads"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ConfigError(f"overrides.{name}={value}: must not be negative")
            if value is not None and value >= 2**63:
                raise ConfigError(f"overrides.{name}={value}: must be less than 2^63")

    def apply(self, profile: Profile) -> Profile:
        """The profile with these changes."""
        train, evaluation = profile.train, profile.evaluation
        if self.tokens is not None:
            train = with_tokens(train, self.tokens)
        if self.seed is not None:
            train = replace(train, seed=self.seed)
        if self.threads is not None:
            train = replace(train, threads=self.threads)
            evaluation = replace(evaluation, threads=self.threads)
        return replace(profile, train=train, evaluation=evaluation)


def with_tokens(config: TrainConfig, tokens: int) -> TrainConfig:
    """A training with another budget, its warm-up scaled in proportion."""
    warmup = config.warmup_tokens * tokens // config.tokens
    return replace(config, tokens=tokens, warmup_tokens=warmup)


def quickstart() -> Profile:
    """A laptop's first run: the documentation installed with Generalist, 1.3M parameters."""
    tasks = ("parameter_type", "package", "sentence_order")
    rates = {CORPUS: 0.4, "parameter_type": 0.25, "package": 0.35}
    return Profile(
        name="quickstart",
        documentation=DocumentationConfig(distributions=distributions.QUICKSTART),
        convert=ConvertConfig(tasks=tasks),
        ingest=IngestConfig(),
        tokenizer=TokenizerConfig(vocab_size=4096),
        model=tiny_gpt(vocab_size=4096),
        train=TrainConfig(
            mixture=_mixture(rates, answer_weight=8.0),
            tokens=1_900_000,
            batch_size=8,
            optimizer="muon",
            learning_rate=3e-3,
            warmup_tokens=120_000,
            schedule="wsd",
            final_fraction=0.0,
            precision="fp32",
        ),
        evaluation=EvaluationConfig(tasks=tasks, mixture=tuple(rates)[1:]),
        gate=GateConfig(),
    )


def tiny() -> Profile:
    """The whole pipeline in seconds, for tests: four distributions, two Blocks, 60,000 tokens."""
    tasks = ("parameter_type", "package", "sentence_order")
    rates = {CORPUS: 0.5, "parameter_type": 0.25, "package": 0.25}
    return Profile(
        name="tiny",
        documentation=DocumentationConfig(distributions=distributions.TINY),
        convert=ConvertConfig(tasks=tasks, max_train=500, max_validation=30, max_test=30),
        ingest=IngestConfig(),
        tokenizer=TokenizerConfig(vocab_size=2048, max_training_bytes=1_000_000),
        model=tiny_gpt(vocab_size=2048, n_layer=2, n_embd=64),
        train=TrainConfig(
            mixture=_mixture(rates, answer_weight=10.0),
            tokens=60_000,
            batch_size=4,
            optimizer="muon",
            learning_rate=3e-3,
            warmup_tokens=6_000,
            precision="fp32",
            threads=1,
            checkpoint_every=10,
            log_every=5,
            validate_every=20,
            validation_windows=16,
        ),
        evaluation=EvaluationConfig(
            tasks=tasks, mixture=tuple(rates)[1:], documents=10, sample_tokens=20, threads=1
        ),
        gate=GateConfig(resamples=500),
    )


def _mixture(rates: Mapping[str, float], *, answer_weight: float) -> tuple[StreamConfig, ...]:
    """Streams with their rates; answers weigh more than other tokens, because they are so few."""
    return tuple(
        StreamConfig(name=name, rate=rate, target_weight=1.0 if name == CORPUS else answer_weight)
        for name, rate in rates.items()
    )


PROFILES: Mapping[str, Callable[[], Profile]] = {"quickstart": quickstart, "tiny": tiny}
assert tuple(PROFILES) == get_args(ProfileName)


def load(name: str, overrides: Overrides | None = None) -> Profile:
    """A shipped profile by name, changed by overrides; ConfigError suggests the nearest name.

    The thread count is settled here, because it is part of what a run's bytes depend on.
    """
    if name not in PROFILES:
        near = get_close_matches(name, PROFILES, n=1, cutoff=0.3)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(f"profile={name!r}: {hint}there are {', '.join(PROFILES)}")
    found = (overrides or Overrides()).apply(PROFILES[name]())
    cores = usable_cores()
    return replace(
        found,
        train=replace(found.train, threads=found.train.threads or cores),
        evaluation=replace(found.evaluation, threads=found.evaluation.threads or cores),
    )
