"""Flow ``tokenize``: documents → tokenizer → token shards of corpus and tasks."""

from dataclasses import dataclass

from prefect import flow

from flows.encoding import encode
from flows.ingest import ingested
from flows.profiles import Overrides, Profile, ProfileName, load
from flows.progress import Progress
from flows.run_page import run_name, show_progress
from flows.stages import stage
from flows.workspace import Product, Workspace
from gptcore.corpus.documents import read_texts
from gptcore.tokenizer import train_tokenizer


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """What training and evaluation read."""

    prompts: Product
    documents: Product
    tokenizer: Product
    shards: Product


@stage("tokenizer of {profile.name}")
def tokenizer(profile: Profile, documents: Product) -> Product:
    """The tokenizer; it sees training text only."""
    return Workspace.open().product(
        "tokenizer",
        profile.name,
        config=profile.tokenizer,
        inputs={"documents": documents},
        entry=("gptcore.tokenizer", "gptcore.corpus.documents"),
        build=lambda out: train_tokenizer(
            profile.tokenizer, read_texts(documents.path / "train.parquet"), out
        ),
    )


@stage("shards of {profile.name}")
def shards(profile: Profile, prompts: Product, documents: Product, tokenizer: Product) -> Product:
    """Token ids of the corpus and of the mixture's tasks."""
    return Workspace.open().product(
        "shards",
        profile.name,
        config=profile.encoding,
        inputs={"prompts": prompts, "documents": documents, "tokenizer": tokenizer},
        entry=("flows.encoding",),
        build=lambda out: encode(
            profile.encoding,
            tokenizer.path,
            documents.path,
            prompts.path,
            out,
            Progress("shards"),
        ),
    )


def tokenized(profile: Profile) -> Text:
    """All text, as text and as tokens."""
    prompts, documents = ingested(profile)
    model = tokenizer(profile, documents)
    return Text(
        prompts=prompts,
        documents=documents,
        tokenizer=model,
        shards=shards(profile, prompts, documents, model),
    )


@flow(flow_run_name=run_name, on_running=[show_progress])
def tokenize(profile: ProfileName = "quickstart", overrides: Overrides | None = None) -> None:
    """Train the tokenizer of a profile and encode its text.

    Args:
        profile: What to train on, the model's size, the budget, the tasks: a configuration by name.
            `quickstart` takes minutes on a laptop, `tiny` seconds and is for trying out;
            `generalist profiles` tells of all, your own too.
        overrides: Changes to the profile for this run only; None: as it is.
    """
    tokenized(load(profile, overrides))
