"""Flow ``ingest``: raw text → clean documents that hold nothing of the evaluation splits."""

from collections.abc import Iterator

from gptcore.corpus.ingest import ingest as ingest_documents
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.convert import converted
from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import Progress
from flows.workspace import Product, Workspace
from tasks_to_text.store import read_examples


@task(cache_policy=NO_CACHE)
def documents(profile: Profile, source: Product, prompts: Product) -> Product:
    """The corpus: filtered, without near-duplicates, decontaminated against held-out prompts."""
    return Workspace.open().product(
        "documents",
        profile.name,
        config=profile.ingest,
        inputs={"documentation": source, "prompts": prompts},
        entry=("gptcore.corpus.ingest",),
        build=lambda out: ingest_documents(
            profile.ingest,
            source.path,
            held_out(profile, prompts),
            out,
            Progress("documents"),
        ),
    )


def held_out(profile: Profile, prompts: Product) -> Iterator[str]:
    """Every text that a task is evaluated on."""
    for name in profile.convert.tasks:
        for split in ("validation", "test"):
            for example in read_examples(prompts.path, name, split):
                yield example.prompt + example.target


def ingested(profile: Profile) -> tuple[Product, Product]:
    """Prompts and documents."""
    source, prompts = converted(profile)
    return prompts, documents(profile, source, prompts)


@flow
def ingest(profile: ProfileName = "quickstart", overrides: Overrides | None = None) -> None:
    """Turn the corpora of a profile into documents.

    Args:
        profile: A shipped configuration.
        overrides: Changes to it for this run.
    """
    ingested(load(profile, overrides))
