"""What a run was made from, in short values that a person compares and filters by.

Taken from the manifests of the products that it read, so that it can be told of an old run too.
"""

import contextlib
import getpass
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from flows.errors import ConfigError
from flows.project import project_folder
from flows.provenance import package_roots
from flows.workspace import Product, Workspace
from gptcore.manifest import object_digest

SHORT = 12
"""Digits of a digest that are shown."""
Products = Mapping[str, Product]
"""Digest of the content → the product."""


def by_digest(workspace: Workspace) -> dict[str, Product]:
    """Every finished product by the digest of its content."""
    return {product.digest: product for product in workspace.finished()}


def training_params(
    name: str, config: Mapping[str, Any], inputs: Mapping[str, str], products: Products
) -> dict[str, str]:
    """Settings of a training run, flat, and the versions of what it read.

    ``name``: of the product, ``<profile>-<role>``. ``inputs``: role → digest.
    """
    flat = {**config["model"], **config["train"]}
    streams = flat.pop("mixture")
    flat["mixture"] = ", ".join(f"{stream['name']} {stream['rate']:g}" for stream in streams)
    flat |= {key: value for key, value in config.items() if key not in ("model", "train")}
    profile, role = split_name(name)
    if "n_layer" in flat:
        flat["size"] = f"{flat['n_layer']} layers of {flat['n_embd']}"
    versions = {**_ancestors(inputs, products), "profile": profile, "model": role.replace("_", " ")}
    return {key: str(value) for key, value in {**flat, **versions}.items()}


def split_name(name: str) -> tuple[str, str]:
    """Profile and role of a training run's name."""
    profile, _, role = name.rpartition("-")
    return profile, role


def _ancestors(inputs: Mapping[str, str], products: Products) -> dict[str, str]:
    """Short digests of corpus, prompts' templates and tokenizer, as far as their products are
    there.

    A product may have its input's very content, as documents of which ingestion drops none, and is
    then found as its own input: each is looked at once.
    """
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = list(inputs.items())
    while waiting:
        role, digest = waiting.pop()
        if (role, digest) in seen:
            continue
        seen.add((role, digest))
        product = products.get(digest)
        if role == "documents":
            found["corpus_version"] = digest[:SHORT]
        if role in ("shards", "tokenizer", "prompts"):
            found[f"{role}_version"] = digest[:SHORT]
        if product is None:
            continue
        if "definitions" in product.manifest.config:
            definitions = product.manifest.config["definitions"]
            found["templates_version"] = object_digest(definitions)[:SHORT]
        waiting += product.manifest.inputs.items()
    return found


def dataset_profile(product: Product | None) -> dict[str, Any]:
    """Counts of a product in MLflow's words: ``num_rows`` is what its page shows first."""
    if product is None:
        return {}
    counts = product.manifest.counts
    plain = {key: value for key, value in counts.items() if isinstance(value, int | float)}
    if product.manifest.kind == "shards":
        of = [split for split in counts.values() if isinstance(split, Mapping)]
        plain |= {
            "documents": sum(int(one.get("texts", 0)) for one in of),
            "tokens": sum(int(one.get("tokens", 0)) for one in of),
        }
    for name in ("documents", "examples", "items", "texts", "tokens"):
        if name in plain:
            return {"num_rows": plain[name], **plain}
    return plain


@cache
def commit() -> str:
    """The commit of the project's repository, else of this package's; "" where there is none.

    Ends in ``-dirty`` where something was changed since.
    """
    try:
        folder = project_folder()
    except ConfigError:
        folder = None
    source = package_roots()["flows"].parent
    places = [folder] if folder else [source] if (source / ".git").exists() else []
    return next(filter(None, map(_described, places)), "")


def _described(folder: Path) -> str:
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(
            [*command, "--dirty"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def source_params(made_by: str) -> dict[str, str]:
    """Commit (short) and version of the code that a run was ``made_by``; "" of the former: none."""
    mark = "-dirty" if made_by.endswith("-dirty") else ""
    short = {"commit": made_by[:SHORT] + mark} if made_by else {}
    return {**short, "version": package_version()}


def source_tags(made_by: str) -> dict[str, str]:
    """Who and what made a run, under the names that MLflow's pages read."""
    tags = {"mlflow.source.name": "generalist", "mlflow.source.type": "LOCAL"}
    if made_by:
        tags["mlflow.source.git.commit"] = made_by.removesuffix("-dirty")
    with contextlib.suppress(KeyError, OSError):  # a user of a container may have no name
        tags["mlflow.user"] = getpass.getuser()
    return tags


@cache
def package_version() -> str:
    """This package's version."""
    try:
        return version("generalist")
    except PackageNotFoundError:
        return "not installed"
