"""Flow ``ingest``: raw text → clean documents that hold nothing of the evaluation splits."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from prefect import flow

from flows.convert import converted
from flows.corpora import raw_texts
from flows.places import fingerprints, places
from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import Progress
from flows.run_page import run_name, show_progress
from flows.stages import stage
from flows.workspace import Product, Workspace
from gptcore.corpus.ingest import ingest as ingest_documents
from gptcore.corpus.texts import TextsConfig, collect_texts
from tasks_to_text.records import Tally
from tasks_to_text.store import evaluation_texts


@stage("texts of {profile.name}")
def texts(profile: Profile) -> Product:
    """The corpora: near-duplicates kept together, split by group."""
    settings = replace(profile.texts, must_hold_out=not profile.reads_documentation)
    config = {
        "texts": asdict(settings),
        "corpora": {name: asdict(corpus) for name, corpus in profile.corpora.items()},
        "files": fingerprints(corpus.source for corpus in profile.corpora.values()),
    }
    return Workspace.open().product(
        "texts",
        profile.name,
        config=config,
        inputs={},
        entry=("gptcore.corpus.texts", "flows.corpora"),
        build=lambda out: _collect(profile, settings, out),
    )


def _collect(profile: Profile, settings: TextsConfig, out: Path) -> dict[str, Any]:
    tally = Tally()
    raw = raw_texts(profile.corpora, places({}), tally)
    counts = collect_texts(settings, raw, out, Progress("texts"))
    return {**counts, "bad": dict(tally.reasons)}


@stage("documents of {profile.name}")
def documents(profile: Profile, made: Mapping[str, Product], prompts: Product) -> Product:
    """The corpus: filtered, without near-duplicates, decontaminated against held-out prompts."""
    inputs = {"prompts": prompts}
    if profile.reads_documentation:
        inputs["documentation"] = made["documentation"]
    if profile.corpora:
        inputs["texts"] = texts(profile)
    documentation, collected = inputs.get("documentation"), inputs.get("texts")
    return Workspace.open().product(
        "documents",
        profile.name,
        config=profile.ingest,
        inputs=inputs,
        entry=("gptcore.corpus.ingest", "tasks_to_text.store"),
        build=lambda out: ingest_documents(
            profile.ingest,
            documentation.path if documentation else None,
            [collected.path] if collected else [],
            evaluation_texts(prompts.path),
            out,
            Progress("documents"),
        ),
    )


def ingested(profile: Profile) -> tuple[Product, Product]:
    """Prompts and documents."""
    made, prompts = converted(profile)
    return prompts, documents(profile, made, prompts)


@flow(flow_run_name=run_name, on_running=[show_progress])
def ingest(profile: ProfileName = "quickstart", overrides: Overrides | None = None) -> None:
    """Turn the corpora of a profile into documents.

    Args:
        profile: What to train on, the model's size, the budget, the tasks: a configuration by name.
            `quickstart` takes minutes on a laptop, `tiny` seconds and is for trying out;
            `generalist profiles` tells of all, your own too.
        overrides: Changes to the profile for this run only; None: as it is.
    """
    ingested(load(profile, overrides))
