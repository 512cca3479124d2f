"""Which validation items a run has read in its training text, so that they decide nothing.

An item counts as read when 13 of its words in a row, or all of a shorter one, stand there
(``contamination``). Tonight's shards are looked through before the scores; a champion has mostly
read others. They are found by the digests in its manifest, and tonight's items are looked for in
them; so are those of the runs that it goes on from (``continue_champion``). Text that is gone
cannot be looked through, and the decision says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from flows.checking import CheckingConfig
from flows.contamination import checked, checking
from flows.night import product_by_digest
from flows.profiles import Profile
from flows.tokenize import Text
from flows.workspace import Product, Workspace
from gptcore.errors import GptcoreError
from tasks_to_text.clean_and_dirty import is_dirty
from tasks_to_text.overlaps import OVERLAPS, read_overlaps


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadItems:
    """What one run has read of tonight's validation items."""

    items: frozenset[tuple[str, str]]
    """(task, example id)"""
    known: bool
    """False: some of its training text is gone, and what stood only there is not among them."""


def read_by(workspace: Workspace, profile: Profile, text: Text, run: Product) -> ReadItems:
    """Tonight's validation items that a run, or one that it goes on from, has read."""
    found = [one and _overlaps(workspace, profile, text, one) for one in _lineage(workspace, run)]
    read = {
        (one.task, one.example_id)
        for product in found
        if product is not None
        for one in read_overlaps(product.path / OVERLAPS)
        if one.split == "validation" and is_dirty(one, "confirmed")
    }
    return ReadItems(items=frozenset(read), known=None not in found)


def _lineage(workspace: Workspace, run: Product) -> Iterator[Product | None]:
    """A run and those whose weights it goes on from; None for one that is gone."""
    one: Product | None = run
    seen: set[str] = set()
    while one is not None and one.digest not in seen:  # a training may have changed no weight
        seen.add(one.digest)
        yield one
        digest = one.manifest.inputs.get("initial")
        if digest is None:
            return
        one = product_by_digest(workspace, "run", digest)
    yield None


def _overlaps(workspace: Workspace, profile: Profile, text: Text, run: Product) -> Product | None:
    """Tonight's items in a run's text; None where that is gone. Of tonight's text it is known."""
    inputs = run.manifest.inputs
    shards, tokenizer = (
        given
        if given.digest == inputs.get(kind)
        else product_by_digest(workspace, kind, inputs.get(kind, ""))
        for kind, given in (("shards", text.shards), ("tokenizer", text.tokenizer))
    )
    if shards is None or tokenizer is None:
        return None
    try:
        return checked(profile.name, _config(profile, run), text.prompts, shards, tokenizer)
    except GptcoreError:  # damaged
        return None


def _config(profile: Profile, run: Product) -> CheckingConfig:
    """What is looked through: the streams that the run was trained on, in tonight's order."""
    asked = checking(profile)
    own = [stream["name"] for stream in run.manifest.config["train"]["mixture"]]
    streams = [name for name in asked.streams if name in own]
    streams += [name for name in own if name not in streams]
    return CheckingConfig(
        tasks=asked.tasks, streams=tuple(streams), splits=asked.splits, seed=asked.seed
    )
