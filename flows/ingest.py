"""Flow ``ingest``: raw text → clean documents that hold nothing of the evaluation splits."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.convert import converted
from flows.held_out import held_out
from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import Progress
from flows.workspace import Product, Workspace
from gptcore.corpus.ingest import ingest as ingest_documents


@task(cache_policy=NO_CACHE)
def documents(profile: Profile, source: Product, prompts: Product) -> Product:
    """The corpus: filtered, without near-duplicates, decontaminated against held-out prompts."""
    return Workspace.open().product(
        "documents",
        profile.name,
        config=profile.ingest,
        inputs={"documentation": source, "prompts": prompts},
        entry=("gptcore.corpus.ingest", "flows.held_out"),
        build=lambda out: ingest_documents(
            profile.ingest,
            source.path,
            held_out(prompts.path, profile.convert.tasks),
            out,
            Progress("documents"),
        ),
    )


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
