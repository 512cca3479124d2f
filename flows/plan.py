"""``generalist plan``: what a profile needs and how long it takes, before anything starts.

Exact: parameters, tokens, operations, sizes of checkpoints. Formulas: memory of training
(``flows.costs``, within a tenth). Rules of thumb, measured on the quickstart and stated below: all
that depends on texts. Times are estimates within a factor of two, from scratch: what is finished
and reused costs nothing. Nothing is trained; the only measurement is ``flows.machine``.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows import costs
from flows.encoding import CORPUS
from flows.errors import ConfigError
from flows.machine import Machine, look
from flows.mixture import said
from flows.plan_checks import amount, problems, remarks
from flows.profiles import Profile
from flows.volumes import BYTES_PER_TOKEN, Volumes, volumes
from flows.workspace import Workspace
from gptcore.config import ModelConfig, TrainConfig

if TYPE_CHECKING:
    from rich.console import Console

_HALF_WIDTH = {
    ("cpu", "fp32"): 55,
    ("cpu", "bf16"): 110,
    ("cuda", "fp32"): 400,
    ("cuda", "bf16"): 800,
}
"""Width at which half of a training's time is matrix products: they grow with the square of the
width, all the rest linearly. On a processor measured with one thread (fp32: .52, .70, .95 and .85
of the product's speed at widths 64, 128, 384 and 512; bf16: .54 and .78 at 128 and 384); on a GPU
not measured, set so that 124 million parameters reach one half, as published trainings do."""
_BLOCK_SECONDS = {"cpu": 0.0, "cuda": 1e-3}
"""Least time of a step per Block: on a GPU small kernels take longer to start than to run."""
_SCORING_EFFICIENCY = 0.3
"""Speed of scoring relative to the product's: short texts, baselines, intervals; measured .08 to
.50 on the twelve tasks of the quickstart."""
_MODELS = 3
"""Models that are scored: the generalist, its twin and a random one."""
_SECONDS_PER_MB = {
    "documentation": 1.3,
    "texts": 0.2,
    "prompts": 0.07,
    "documents": 0.3,
    "tokenizer": 0.2,
    "shards": 0.2,
}
"""Seconds per million bytes that a stage reads; prompts read their source once per task."""
_OVERHEAD = 20.0
"""Seconds for imports, Prefect's embedded server, MLflow, the report and the decision."""
_DATA_FACTOR = 28
"""Bytes in memory per byte of the largest collection that a stage holds: 25 where documentation is
split, 17 where texts are, 28 where twelve tasks are made of documentation."""
_PIPELINE = 500_000_000
"""Bytes of the process that runs the flows: Prefect, MLflow, DuckDB."""
_COMPRESSED = 0.5
"""Bytes of a product of texts per byte of text."""
_ROW_BYTES = 650
"""Bytes of an example in the prompts' database and files."""
_SHOWN = 3
"""Problems that one message names."""
_ROLES = ("", "-generalist", "-language_model_only", "-champion")
"""What names of products append to that of a profile."""
_RECORDS = 50_000_000
"""Bytes of MLflow's and Prefect's databases and of the reports, about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """One of the two runs."""

    name: str
    tokens: int
    steps: int
    flops: int
    seconds: float | None
    """Estimate; None: the machine was not timed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a profile needs, what there is, and what does not fit."""

    profile: Profile
    machine: Machine
    parameters: int
    without_embeddings: int
    """Without ``wte`` and ``wpe``."""
    trainings: tuple[Training, ...]
    volumes: Volumes
    epochs: float | None
    """How often the generalist reads the corpus; None: its size is not known."""
    training_memory: int
    """Bytes, on the device of training."""
    data_memory: int
    """Bytes of the largest stage before training."""
    disk: Mapping[str, int]
    """What → bytes, all that a first run writes."""
    already: int
    """Bytes that the workspace holds of this profile: a run may not need them again."""
    seconds: Mapping[str, float | None]
    """Stage → estimate."""

    @property
    def total_seconds(self) -> float | None:
        """Of all stages; None: the machine was not timed."""
        known = [one for one in self.seconds.values() if one is not None]
        return sum(known) if len(known) == len(self.seconds) else None

    @property
    def problems(self) -> list[str]:
        """Why it cannot work, each with its numbers and a remedy; [] when nothing is known."""
        return problems(self)

    @property
    def remarks(self) -> list[str]:
        """What a person may want to know."""
        return remarks(self)


def plan(
    profile: Profile, workspace_root: Path, *, timed: bool = True, machine: Machine | None = None
) -> Plan:
    """The plan of a profile on this machine, or on another that is described.

    ``timed=False`` leaves the speed of the machine, and with it the time of training, open.
    """
    model, train = profile.model, profile.train
    if machine is None:
        machine = look(
            workspace_root, precision=train.precision, threads=train.threads, timed=timed
        )
    found = volumes(profile)
    runs = {"generalist": train, "language model only": profile.language_model_only}
    trainings = tuple(_training(name, model, config, machine) for name, config in runs.items())
    return Plan(
        profile=profile,
        machine=machine,
        parameters=costs.parameters(model),
        without_embeddings=costs.without_embeddings(model),
        trainings=trainings,
        volumes=found,
        epochs=_epochs(profile, found),
        training_memory=costs.training_bytes(model, train, machine.device),
        data_memory=_PIPELINE + _DATA_FACTOR * found.largest,
        disk=_disk(profile, found),
        already=_already(workspace_root, profile.name),
        seconds={
            **_data_seconds(profile, found),
            **{f"training, {one.name}": one.seconds for one in trainings},
            "evaluation": _evaluation_seconds(profile, found, machine),
            "everything else": _OVERHEAD,
        },
    )


def require(made: Plan) -> None:
    """Raise ConfigError when something cannot fit, with the numbers."""
    if found := made.problems:
        more = f"; and {len(found) - _SHOWN} reasons more" if len(found) > _SHOWN else ""
        raise ConfigError(
            f"profile {made.profile.name!r} does not fit: {'; '.join(found[:_SHOWN])}{more}"
        )


def admitted(profile: Profile) -> Profile:
    """The profile, when it fits this machine and the workspace; raises ConfigError.

    What flows ask before their first stage, so that nobody waits for a night that cannot end well.
    """
    require(plan(profile, Workspace.open().root, timed=False))
    return profile


def show_plan(console: "Console", made: Plan) -> None:
    """The plan as lines for a person: what it needs, what there is, how long it takes."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in _lines(made):
        table.add_row(name, escape(text))
    console.print(table)
    for remark in made.remarks:
        console.print(f"[yellow]! {escape(remark)}[/]", soft_wrap=True)


def _lines(made: Plan) -> Iterator[tuple[str, str]]:
    profile, machine = made.profile, made.machine
    model, train = profile.model, profile.train
    speed = f", products at {machine.matmul / 1e9:,.0f} GFLOP/s" if machine.matmul else ""
    where = f"{machine.device}, {train.threads} threads" if machine.device == "cpu" else "cuda"
    yield "profile", f"{profile.name}: {profile.about}"
    yield "machine", f"{where}, {train.precision}{speed}"
    yield (
        "model",
        f"{made.parameters:,} parameters, {made.without_embeddings:,} without embeddings; "
        f"{model.n_layer} layers of width {model.n_embd}, context {model.context_length}",
    )
    corpus = "not known" if made.volumes.corpus is None else amount(made.volumes.corpus)
    read = "" if made.epochs is None else f", read {made.epochs:.2g} times"
    yield "corpus", f"{corpus}: {', '.join(made.volumes.corpora)}{read}"
    yield "mixture", said(profile)
    for one in made.trainings:
        size = f"{one.tokens:,} tokens in {one.steps:,} steps, {one.flops / 1e12:,.3g} TFLOP"
        yield f"training, {one.name}", size
    there = machine.memory if machine.device_memory is None else machine.device_memory
    yield (
        "memory",
        f"training {amount(made.training_memory)} of {amount(there)}; texts about "
        f"{amount(made.data_memory)} of {amount(machine.memory)}",
    )
    parts = ", ".join(f"{name} {amount(size)}" for name, size in made.disk.items())
    total, free = sum(made.disk.values()), machine.free_disk
    yield "disk", f"about {amount(total)}, {amount(free)} are free ({parts})"
    for stage, seconds in made.seconds.items():
        yield f"time, {stage}", "not timed" if seconds is None else duration(seconds)
    if made.total_seconds is not None:
        whole = duration(made.total_seconds)
        yield "time, in all", f"{whole}, within a factor of two; what is finished is reused"


def duration(seconds: float) -> str:
    """Seconds for a person, no more exact than an estimate is.

    >>> duration(0.4), duration(74), duration(580), duration(30_000), duration(400_000)
    ('1 s', '74 s', '10 min', '8.3 h', '4.6 days')
    """
    if seconds < 100:
        return f"{max(1, seconds):.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 100 * 3600 else f"{seconds / 86400:.1f} days"


def _training(name: str, model: ModelConfig, train: TrainConfig, machine: Machine) -> Training:
    flops, steps = costs.training_flops(model, train), costs.steps(model, train)
    seconds = None
    if machine.matmul is not None:
        width = model.n_embd
        efficiency = width / (width + _HALF_WIDTH[machine.device, train.precision])
        least = steps * model.n_layer * _BLOCK_SECONDS[machine.device]
        seconds = max(least, flops / (machine.matmul * efficiency))
    return Training(name=name, tokens=train.tokens, steps=steps, flops=flops, seconds=seconds)


def _epochs(profile: Profile, found: Volumes) -> float | None:
    if not found.corpus:
        return None
    return profile.language_model_only.tokens * BYTES_PER_TOKEN / found.corpus


def _disk(profile: Profile, found: Volumes) -> dict[str, int]:
    """Bytes of all products of a first run; corpora that are not known count as nothing."""
    model, train = profile.model, profile.train
    corpus, prompts = found.corpus or 0, _ROW_BYTES * sum(found.rows.values())
    rates = {stream.name for stream in train.mixture} - {CORPUS}
    tokens = (corpus + sum(found.tasks[name] or 0 for name in rates)) / BYTES_PER_TOKEN
    # Beside the last ones the best is kept, and one more stands there while it is written.
    checkpoints = (train.keep_checkpoints + 2) * costs.checkpoint_bytes(model, train)
    return {
        "texts and documents": int(_COMPRESSED * (found.documentation + found.texts + corpus)),
        "prompts": prompts,
        "token shards": int(2 * tokens),
        "checkpoints and weights": 2 * (checkpoints + costs.weights_bytes(model)),
        "records": _RECORDS,
    }


def _already(root: Path, profile: str) -> int:
    """Bytes of the products of a profile, and of those of the environment that all share."""
    total = 0
    key = "[0-9a-f]" * 12
    products = [one for role in _ROLES for one in root.glob(f"*/{profile}{role}-{key}")]
    products += root.glob(f"*/installed-{key}")
    for path in (path for one in products for path in one.rglob("*")):
        with suppress(OSError):
            total += path.stat().st_size
    return total


def _data_seconds(profile: Profile, found: Volumes) -> dict[str, float | None]:
    corpus = (found.corpus or 0) / 1e6
    read = {
        "documentation": found.documentation / 1e6,
        "texts": found.texts / 1e6,
        "prompts": sum(size or 0 for size in found.tasks.values()) / 1e6,
        "documents": corpus,
        "tokenizer": min(corpus, profile.tokenizer.max_training_bytes / 1e6),
        "shards": corpus,
    }
    return {stage: _SECONDS_PER_MB[stage] * size for stage, size in read.items() if size}


def _evaluation_seconds(profile: Profile, found: Volumes, machine: Machine) -> float | None:
    if machine.matmul is None:
        return None
    texts = profile.evaluation.documents * len(profile.evaluation.splits)
    tokens = sum(found.scored.values()) + texts * profile.model.context_length
    flops = _MODELS * tokens * costs.forward_flops_per_token(profile.model)
    return flops / (_SCORING_EFFICIENCY * machine.matmul)
