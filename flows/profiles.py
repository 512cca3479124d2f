"""Complete configurations by name: everything a nightly run is decided by.

A profile is a function that returns a whole ``Profile``: the shipped ones are in
``flows.shipped``, a project's own come from its ``generalist.toml`` (``flows.project``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from flows.corpora import Corpus
from flows.encoding import CORPUS, EncodingConfig
from flows.errors import ConfigError
from flows.gate import GateConfig
from flows.gpu import device_kind
from flows.scores import EvaluationConfig
from gptcore.config import MAX_THREADS, ModelConfig, TokenizerConfig, TrainConfig
from gptcore.cores import settled, usable_cores
from gptcore.corpus.catalogues import CatalogueConfig
from gptcore.corpus.documentation import DocumentationConfig
from gptcore.corpus.ingest import IngestConfig
from gptcore.corpus.texts import TextsConfig
from tasks_to_text import registry
from tasks_to_text.convert import ConvertConfig
from tasks_to_text.mixture import MixtureConfig
from tasks_to_text.task import Task

SHIPPED = ("quickstart", "tiny", "reference")


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """All configurations of one pipeline; raises ConfigError when they contradict each other."""

    name: str
    about: str
    """One line for a person who chooses."""
    documentation: DocumentationConfig | None = None
    """The installed documentation; None: it is neither corpus nor source of tasks."""
    documentation_is_corpus: bool = True
    """Whether the documentation is trained on; False: only tasks are made from it."""
    catalogues: CatalogueConfig | None = None
    """Installed message catalogues, for translation; None: none."""
    corpora: Mapping[str, Corpus] = field(default_factory=dict)
    """Text collections beside the documentation, by name."""
    texts: TextsConfig = field(default_factory=TextsConfig)
    """How the corpora are grouped and split."""
    tasks: tuple[Task, ...]
    """Definitions of ``convert.tasks``, in that order."""
    convert: ConvertConfig
    ingest: IngestConfig
    tokenizer: TokenizerConfig
    model: ModelConfig
    train: TrainConfig
    """Of the generalist; its mixture names the corpus and some of the tasks. With a policy, the
    corpus' share is the only rate that counts (``flows.mixture``)."""
    mixture: MixtureConfig = field(default_factory=MixtureConfig)
    """How often tasks and templates are read; by default at the rates of ``train.mixture``."""
    evaluation: EvaluationConfig
    gate: GateConfig

    def __post_init__(self) -> None:
        mixture, names, size = self.mixture_tasks, self.convert.tasks, self.model.vocab_size
        self._need(
            tuple(task.name for task in self.tasks) == names,
            f"tasks={[task.name for task in self.tasks]}: must be those of convert, {names}",
        )
        self._need(
            size == self.tokenizer.vocab_size,
            f"model.vocab_size={size}: must be tokenizer.vocab_size={self.tokenizer.vocab_size}",
        )
        self._need(
            len(mixture) < len(self.train.mixture),
            f"train.mixture={mixture}: add the stream {CORPUS!r}",
        )
        self._need(
            {*mixture, *self.evaluation.tasks} <= set(names),
            f"convert.tasks={names}: must hold all tasks of train.mixture and of evaluation",
        )
        self._need(
            set(self.evaluation.mixture) == set(mixture),
            f"evaluation.mixture={self.evaluation.mixture}: must be that of train, {mixture}",
        )
        for name in self.mixture.template_weights:
            self._need(
                name in mixture,
                f"mixture.template_weights: {name!r} is not trained on; name one of {mixture}",
            )
        self._need(
            bool(mixture) or self.mixture.policy == "given",
            f"mixture.policy={self.mixture.policy!r}: there is no task to mix; name one",
        )
        self._need_sources()

    def _need_sources(self) -> None:
        by_name = {task.name: task for task in self.tasks}
        for name in self.mixture_tasks:
            task = by_name[name]
            self._need(not task.unseen, f"train.mixture: {name!r} is kept unseen, take it out")
            self._need(
                "train" in task.source.all_splits,
                f"train.mixture: {name!r} has no training split, take it out",
            )
            self._need(
                "validation" in task.source.all_splits,
                f"train.mixture: {name!r} has no validation split, which decides whether a model "
                "is better: name one in its source's splits, or draw one with "
                'hold_out={"validation": 0.1}',
            )
        for name in self.evaluation.tasks:
            self._need(
                bool({"validation", "test"} & {*by_name[name].source.all_splits}),
                f"evaluation.tasks: {name!r} has neither a validation nor a test split: name one "
                'in its source\'s splits, or draw one with hold_out={"test": 0.1}',
            )
        made = {"documentation": self.documentation, "catalogues": self.catalogues}
        for task in self.tasks:
            product = task.source.product
            self._need(
                not product or made.get(product) is not None,
                f"task {task.name!r} is made from {product!r}: configure it, or leave the task out",
            )
        self._need(
            bool(self.corpora) or self.reads_documentation,
            "corpora=(): name at least one corpus, or let the documentation be one",
        )

    def _need(self, holds: bool, message: str) -> None:
        if not holds:
            raise ConfigError(f"profile {self.name!r}: {message}")

    @property
    def reads_documentation(self) -> bool:
        """Whether the installed documentation is part of the corpus."""
        return self.documentation is not None and self.documentation_is_corpus

    @property
    def mixture_tasks(self) -> tuple[str, ...]:
        """Tasks that the generalist is trained on, in the order of the mixture."""
        return tuple(stream.name for stream in self.train.mixture if stream.name != CORPUS)

    @property
    def corpus_share(self) -> float:
        """Share of the generalist's tokens that are of the corpus."""
        rates = {stream.name: stream.rate for stream in self.train.mixture}
        return rates[CORPUS] / sum(rates.values())

    @property
    def encoding(self) -> EncodingConfig:
        """What becomes a shard."""
        scored = self.evaluation.tasks
        return EncodingConfig(
            tasks=self.mixture_tasks,
            ranked=tuple(
                task.name
                for task in self.tasks
                if task.name in scored and task.protocol in ("choice", "last_word")
            ),
            context_length=self.model.context_length,
            template_weights=self.mixture.template_weights,
            template_seed=self.mixture.template_seed,
        )

    @property
    def language_model_only(self) -> TrainConfig:
        """The same training on corpus text alone, with as many tokens of it as the generalist."""
        streams = tuple(stream for stream in self.train.mixture if stream.name == CORPUS)
        tokens = int(self.train.tokens * self.corpus_share)
        return with_tokens(replace(self.train, mixture=streams), tokens)


@dataclass(frozen=True, kw_only=True, slots=True)
class Overrides:
    """What a person may change for one run without another profile; None: as in the profile."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {
        "use_attribute_docstrings": True,
        "extra": "forbid",
    }
    """How Prefect's form shows and checks these fields."""

    tokens: int | None = None
    """Training budget in tokens, at least 1000; the warm-up is scaled with it."""
    seed: int | None = None
    """Of the initial weights and the order of the data; another one is another model."""
    threads: int | None = None
    """Processor threads of training and scoring; 0: all cores."""

    def __post_init__(self) -> None:
        if self.tokens is not None and self.tokens < 1000:
            raise ConfigError(f"overrides.tokens={self.tokens}: use at least 1000")
        for name in ("seed", "threads"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ConfigError(f"overrides.{name}={value}: must not be negative")
            if value is not None and name == "threads" and value > MAX_THREADS:
                raise ConfigError(f"overrides.threads={value}: use at most {MAX_THREADS}; 0: all")
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


def names() -> tuple[str, ...]:
    """Every profile: the shipped ones, then those of the project, whether they can be built or not.

    Never fails, because it is asked while flows are imported: of a file that is no TOML, none.
    """
    from flows.project import profile_names

    return (*SHIPPED, *profile_names())


def get(name: str) -> Profile:
    """A profile by name, as it is configured; ConfigError suggests the nearest name."""
    from flows.project import FILE, VARIABLE, apply_spec, find_project, load_project
    from flows.shipped import PROFILES

    if name in PROFILES:
        return PROFILES[name]()
    project = find_project(tasks=False)
    if project is not None and name in project.profiles:
        if not set(project.profiles[name].tasks) <= set(registry.names()):
            project = load_project(project.root)
        spec = project.profiles[name]
        return apply_spec(spec, PROFILES[spec.base](), project)
    known = names()
    near = get_close_matches(name, known, n=1, cutoff=0.3)
    hint = f"did you mean {near[0]!r}? " if near else ""
    own = ""
    if project is None:
        own = f"; of a project only where its {FILE} is, or with --project or {VARIABLE}"
    raise ConfigError(f"profile={name!r}: {hint}there are {', '.join(known)}{own}")


def load(name: str, overrides: Overrides | None = None) -> Profile:
    """A profile by name, changed by overrides.

    Threads and precision are settled here, because a run's bytes depend on them.
    """
    found = (overrides or Overrides()).apply(get(name))
    cores, precision = usable_cores(), settled(found.train.precision, device_kind())
    return replace(
        found,
        train=replace(found.train, threads=found.train.threads or cores, precision=precision),
        evaluation=replace(found.evaluation, threads=found.evaluation.threads or cores),
    )


def resolve(names: tuple[str, ...]) -> tuple[Task, ...]:
    """Tasks by name: shipped ones and those of the project."""
    from flows.project import find_project

    shipped = set(names) <= set(registry.names())
    project = None if shipped else find_project()
    return tuple(registry.get(name, project.tasks if project else {}) for name in names)


if TYPE_CHECKING:
    ProfileName = str
else:
    # Prefect draws a drop-down from a Literal; it is read when a deployment is made, and again
    # where a worker imports the flow.
    ProfileName = Literal[names()]
