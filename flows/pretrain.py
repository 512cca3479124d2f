"""Flow ``pretrain``: token shards → the generalist and its twin without tasks."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Literal

from prefect import flow

from flows import gpu, sharing
from flows.champion import champion_of
from flows.errors import FlowsError, TrainerCrashed, TrainerError, TrainerStopped
from flows.mixture import settled_mixture
from flows.mlflow_training import Training, training_run
from flows.plan import admitted
from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import LOG, Progress
from flows.run_about import commit
from flows.run_page import run_name, show_progress
from flows.stages import stage
from flows.tokenize import Text, tokenized
from flows.workspace import Product, Workspace
from gptcore.config import TrainConfig
from gptcore.manifest import read_manifest

Retrain = Literal["on_change", "always", "continue_champion"]
WEIGHTS = ("weights/*", "tokenizer/*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Runs:
    """The trained models of one night."""

    generalist: Product
    language_model_only: Product


@stage("training of {profile.name}, {name}")
def train(
    profile: Profile, text: Text, name: str, config: TrainConfig, initial: Product | None = None
) -> Product:
    """One training run in the directory of its key, resumed when it was interrupted."""
    inputs = {"shards": text.shards, "tokenizer": text.tokenizer}
    if initial is not None:
        inputs["initial"] = initial
    settings = {
        "model": asdict(profile.model),
        "train": asdict(config),
        "device": gpu.device_kind(),
    }
    return Workspace.open().product(
        "run",
        f"{profile.name}-{name}",
        config=settings,
        inputs=inputs,
        entry=("gptcore.pretrain",),
        build=lambda out: _trained(profile, f"{profile.name}-{name}", settings, inputs, out),
        content=WEIGHTS,
        in_place=True,
    )


def _trained(
    profile: Profile,
    name: str,
    settings: Mapping[str, Any],
    inputs: Mapping[str, Product],
    out: Path,
) -> dict[str, Any]:
    """Run the trainer with MLflow and a progress bar beside it; returns its summary."""
    progress, budget = Progress(f"run/{name}"), settings["train"]["tokens"]
    job = {
        "model": settings["model"],
        "train": settings["train"],
        "shards": str(inputs["shards"].path),
        "initial": str(inputs["initial"].path / "weights") if "initial" in inputs else None,
    }
    training = Training(
        experiment=experiment(profile),
        name=name,
        config=settings,
        inputs={role: product.digest for role, product in inputs.items()},
        commit=commit(),
    )
    with training_run(Workspace.open(), out, training) as tracked, telling_where_it_stopped(out):

        def on_rows(rows: Sequence[gpu.Row]) -> None:
            sharing.require_lease(out)
            last = rows[-1]
            loss, speed = last.get("train/loss", float("nan")), last["tokens_per_second"]
            rate = f"loss {loss:.3f}, {speed:,.0f} tokens/s"
            progress(int(last["tokens"]), budget, rate)
            tracked.log(rows)

        summary = gpu.train(job, out, on_rows, on_start=tracked.watch)
        shutil.copytree(inputs["tokenizer"].path, out / "tokenizer", dirs_exist_ok=True)
    return {**summary, "commit": training.commit}


@contextmanager
def telling_where_it_stopped(out: Path) -> Iterator[None]:
    """A training that ends early leaves a line in the log: from which checkpoint it goes on."""
    try:
        yield
    except BaseException as error:
        refused = isinstance(error, TrainerError) and not isinstance(
            error, TrainerStopped | TrainerCrashed
        )
        if not refused and (step := gpu.newest_step(out)) is not None:
            LOG.warning(
                "training stopped; its checkpoint of step %d is in %s: a run with the same "
                "parameters goes on from there",
                step,
                out,
            )
            for handler in LOG.handlers:  # a process that is cancelled may not come to it
                handler.flush()
        raise


def experiment(profile: Profile) -> str:
    """Name of the MLflow experiment, and of the registered model, of a profile."""
    return f"generalist-{profile.name}"


def pretrained(profile: Profile, text: Text, retrain: Retrain = "on_change") -> Runs:
    """Both runs. The twin sees the corpus tokens of the generalist and no task."""
    profile = settled_mixture(profile, text.shards.manifest.counts)
    chosen, initial = _as_asked(profile, text, retrain)
    twin = profile if retrain == "continue_champion" else chosen
    return Runs(
        generalist=train(chosen, text, "generalist", chosen.train, initial),
        language_model_only=train(twin, text, "language_model_only", twin.language_model_only),
    )


def _as_asked(profile: Profile, text: Text, retrain: Retrain) -> tuple[Profile, Product | None]:
    """The profile with the seed, and the weights to start from, that ``retrain`` asks for."""
    workspace = Workspace.open()
    if retrain == "on_change":
        return profile, None
    if retrain == "always":
        return _with_seed(profile, _next_seed(workspace, profile)), None
    champion = champion_of(workspace, profile.name)
    if champion is None:
        raise FlowsError(
            f"retrain={retrain!r}: profile {profile.name!r} has no champion yet; "
            "use on_change until one is promoted"
        )
    if champion.manifest.inputs["tokenizer"] != text.tokenizer.digest:
        raise FlowsError(
            f"retrain={retrain!r}: {champion.path.name} was trained with another tokenizer than "
            "tonight's; use on_change"
        )
    if left := tasks_left_out(champion, profile.train):
        raise FlowsError(
            f"retrain={retrain!r}: {champion.path.name} was trained on {', '.join(left)}, which "
            "tonight's mixture lacks and would call unseen; add them to the mixture, or use "
            "on_change"
        )
    return _with_seed(profile, champion.manifest.config["train"]["seed"] + 1), champion


def tasks_left_out(run: Product, config: TrainConfig) -> list[str]:
    """What a run was trained on and a configuration is not."""
    streams = {stream.name for stream in config.mixture}
    trained = run.manifest.config["train"]["mixture"]
    return [stream["name"] for stream in trained if stream["name"] not in streams]


def _with_seed(profile: Profile, seed: int) -> Profile:
    return replace(profile, train=replace(profile.train, seed=seed))


def _next_seed(workspace: Workspace, profile: Profile) -> int:
    """The first seed from the profile's on of no finished run; an unfinished one is resumed."""
    finished = (workspace.root / "run").glob(f"{profile.name}-generalist-*/manifest.json")
    manifests = [read_manifest(path.parent) for path in finished]
    manifests += sharing.others(workspace.root, "run", f"{profile.name}-generalist")
    used = {manifest.config["train"]["seed"] for manifest in manifests}
    return next(seed for seed in count(profile.train.seed) if seed not in used)


@flow(flow_run_name=run_name, on_running=[show_progress])
def pretrain(
    profile: ProfileName = "quickstart",
    retrain: Retrain = "on_change",
    overrides: Overrides | None = None,
) -> None:
    """Train the models of a profile.

    Args:
        profile: What to train on, the model's size, the budget, the tasks: a configuration by name.
            `quickstart` takes minutes on a laptop, `tiny` seconds and is for trying out;
            `generalist profiles` tells of all, your own too.
        retrain: `on_change`: only if data, code or settings are new; else a finished run is reused.
            `always`: anew, with the next seed. `continue_champion`: on from the champion's weights.
        overrides: Changes to the profile for this run only; None: as it is.
    """
    chosen = admitted(load(profile, overrides))
    pretrained(chosen, tokenized(chosen), retrain)
