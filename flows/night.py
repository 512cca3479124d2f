"""One night as plain values: all that the report page and the model card tell.

Collected from the manifests of the products that an evaluation names by digest, so that the page
speaks of the very inputs of the scores it shows. What cannot be found is left empty, and whoever
writes says so in words; a page is never a reason for a night to fail.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows import read_before, report
from flows.champion import Decision
from flows.errors import FlowsError
from flows.gpu import METRICS
from flows.history import History, history
from flows.read_before import ReadBefore
from flows.report import GENERALIST, LANGUAGE_MODEL_ONLY, Score, Verdict
from flows.sharing import manifest_here
from flows.workspace import Product, Workspace
from gptcore.errors import GptcoreError
from gptcore.manifest import FILE, Manifest, object_digest
from gptcore.tracking import read_jsonl
from tasks_to_text.errors import TasksToTextError

if TYPE_CHECKING:
    from flows.profiles import Profile

PAGE = "report.html"
"""File of the product of kind ``report``."""
Rows = Sequence[Mapping[str, float]]
"""Rows of metrics.jsonl."""
LIMITS = (
    "One seed: another one gives other weights and other scores. Intervals of scores are about the "
    "choice of examples alone; those of the comparison with the champion hold the seeds too.",
    "Validation examples decide every night, so in the long run they are selected for; test "
    "examples only report.",
    "Templates were written by people who knew the data; other wordings give other scores.",
    "Near-duplicates of evaluation text are looked for as runs of words: a paraphrase or a "
    "translation in the training text is not found.",
)
"""What the numbers do not say, whatever the night."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskAbout:
    """What a task's definition says of it."""

    description: str
    kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceAbout:
    """Where text of the corpus came from, as its documents say."""

    version: str
    licence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Challenger minus champion on the validation items of one task, paired."""

    task: str
    value: float
    """In merit: the headline metric, from 0 to 1."""
    low: float
    """Lower end of the interval."""
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """What one report page tells. Everything that may be missing has a default."""

    profile: str
    date: str
    """Of the decision, ISO 8601."""
    promoted: bool
    reason: str
    champion: str = ""
    """Directory of the run that was champion before; "": there was none."""
    run: str = ""
    """Directory of the judged run."""
    about: str = ""
    """The profile, in a line."""
    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    """By role: generalist, language_model_only, evaluation, prompts, documents, tokenizer, shards,
    texts, documentation."""
    scores: Sequence[Score] = ()
    verdicts: Sequence[Verdict] = ()
    contamination: Sequence[ReadBefore] = ()
    """What of the evaluation the model had read before, a line per task and split."""
    samples: Sequence[Mapping[str, Any]] = ()
    """``document``, ``prompt``, ``continuation``; or ``task``, ``prompt``, ``answer``,
    ``references``."""
    losses: Mapping[str, Rows] = field(default_factory=dict)
    """Model → rows of its metrics.jsonl."""
    tasks: Mapping[str, TaskAbout] = field(default_factory=dict)
    sources: Mapping[str, SourceAbout] = field(default_factory=dict)
    """Source of corpus text → its version and licence."""
    history: History = field(default_factory=History)
    """All nights of the profile, to this one."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What the decision rests on (``flows.comparison.Evidence``); {}: nothing was compared, or
    before it was written down."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Packages that trained the model; {}: they are no longer those that are installed."""
    commands: Sequence[str] = ()
    """That make this night again."""
    limits: Sequence[str] = LIMITS

    def counts(self, role: str) -> Mapping[str, Any]:
        """What a stage tallied; empty when its manifest is not there."""
        manifest = self.manifests.get(role)
        return manifest.counts if manifest else {}

    def config(self, role: str) -> Mapping[str, Any]:
        """The configuration of a stage; empty when its manifest is not there."""
        manifest = self.manifests.get(role)
        return manifest.config if manifest else {}


def page_of(workspace: Workspace, decision: Decision) -> Path | None:
    """The page about a decision; None when none was written."""
    pages = (
        p for p in workspace.finished("report") if p.manifest.config.get("key") == decision.key
    )
    page = _newest(pages)
    return page.path / PAGE if page else None


def product_by_digest(workspace: Workspace, kind: str, digest: str) -> Product | None:
    """The finished product of a kind with that content, the newest of several; None: it is gone."""
    return _newest(
        product for product in workspace.finished(kind) if product.digest == digest and digest
    )


def collect_night(
    workspace: Workspace, decision: Decision, profile: "Profile | None" = None
) -> Night:
    """All about a decision, from the manifests of what its evaluation was made from.

    ``profile``: for the descriptions of tasks; None: it is looked up by its name.
    """
    profile = profile or _profile(decision.profile)
    evaluation = workspace.root / decision.evaluation
    products = night_products(workspace, decision)
    return Night(
        profile=decision.profile,
        date=decision.date,
        promoted=decision.promoted,
        reason=decision.reason,
        champion=decision.champion,
        run=decision.run,
        about=profile.about if profile else "",
        manifests={role: product.manifest for role, product in products.items()},
        scores=_or_empty(lambda: report.read_scores(evaluation)),
        verdicts=_or_empty(lambda: report.read_verdicts(evaluation)),
        contamination=_or_empty(lambda: read_before.read(evaluation)),
        samples=_or_empty(lambda: _read_json(evaluation / "samples.json")),
        losses={
            name: read_jsonl(products[role].path / METRICS)
            for name, role in (
                (GENERALIST, "generalist"),
                (LANGUAGE_MODEL_ONLY, "language_model_only"),
            )
            if role in products
        },
        tasks={
            task.name: TaskAbout(description=task.description, kind=task.kind)
            for task in (profile.tasks if profile else ())
        },
        sources=_or_empty(lambda: corpus_sources(products["documents"])) or {},
        history=history(workspace, decision.profile, until=decision.key),
        evidence=decision.evidence,
        versions=_versions(products.get("generalist")),
        commands=commands(decision.profile, products.get("generalist")),
    )


def night_products(workspace: Workspace, decision: Decision) -> dict[str, Product]:
    """The products behind a decision, by role; those that are gone are left out."""
    found: dict[str, Product] = {}
    with suppress(GptcoreError):
        found["evaluation"] = _product(workspace.root / decision.evaluation)
    with suppress(GptcoreError):
        found["generalist"] = _product(workspace.root / decision.run)
    wanted = [
        ("evaluation", "generalist", "run"),
        ("evaluation", "language_model_only", "run"),
        ("evaluation", "prompts", "prompts"),
        ("evaluation", "documents", "documents"),
        ("generalist", "tokenizer", "tokenizer"),
        ("generalist", "shards", "shards"),
        ("documents", "texts", "texts"),
        ("documents", "documentation", "documentation"),
    ]
    for owner, role, kind in wanted:
        digest = found[owner].manifest.inputs.get(role, "") if owner in found else ""
        if role not in found and (product := product_by_digest(workspace, kind, digest)):
            found[role] = product
    return found


def corpus_sources(documents: Product) -> dict[str, SourceAbout]:
    """Source → versions and licences of its documents; several are joined."""
    import pyarrow.parquet as pq

    found: dict[str, tuple[set[str], set[str]]] = {}
    for path in sorted(documents.path.glob("*.parquet")):
        columns = pq.read_table(path, columns=["source", "version", "licence"])
        for row in columns.group_by(columns.column_names).aggregate([]).to_pylist():
            versions, licences = found.setdefault(row["source"], (set(), set()))
            versions.add(row["version"])
            licences.add(row["licence"])
    return {
        name: SourceAbout(version=_joined(versions), licence=_joined(licences))
        for name, (versions, licences) in sorted(found.items())
    }


def _joined(texts: set[str], most: int = 4) -> str:
    named = sorted(text for text in texts if text)
    more = [f"{len(named) - most} more"] if len(named) > most else []
    return "; ".join([*named[:most], *more])


def differences(evidence: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Challenger minus champion with the intervals of the decision: the mean, then every task."""
    found = {"mean": evidence["gain"], **evidence["tasks"]}
    return tuple(
        Difference(task=task, value=value, low=low, high=high)
        for task, (value, low, high) in found.items()
    )


def _profile(name: str) -> "Profile | None":
    """A profile by name; None where it is not known here, such as outside its project's folder."""
    from flows.profiles import get

    try:
        return get(name)
    except (FlowsError, GptcoreError, TasksToTextError):
        return None


def _versions(run: Product | None) -> dict[str, str]:
    """The packages of the training, if they are those that are installed now."""
    from flows.provenance import lock

    now = lock(("gptcore.pretrain",))
    return now if run is not None and object_digest(now) == run.manifest.lock else {}


def commands(profile: str, run: Product | None) -> tuple[str, ...]:
    """What makes a run again; of one that goes on from another, that it does."""
    if run is None:
        return (f"generalist run --profile {profile}",)
    again = f"generalist run --profile {profile}"
    if initial := run.manifest.inputs.get("initial"):
        return (
            f"# It goes on from the weights of the run {initial[:16]}, the champion of that time:",
            f"{again} --retrain continue_champion{_options(run, 'seed')}",
        )
    return (f"{again}{_options(run)}",)


def _options(run: Product, *but: str) -> str:
    """The settings of a run that the command line can change."""
    train = run.manifest.config.get("train", {})
    return "".join(
        f" --{name} {train[name]}"
        for name in ("tokens", "seed", "threads")
        if name in train and name not in but
    )


def _product(path: Path) -> Product:
    return Product(path, manifest_here(path), reused=True)


def _newest(products: Iterable[Product]) -> Product | None:
    def written(product: Product) -> int:
        return (product.path / FILE).stat().st_mtime_ns

    return max(products, key=written, default=None)


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _or_empty(read: Any) -> Any:
    """What a file holds; nothing when it is gone or damaged."""
    try:
        return read()
    except (OSError, ValueError, KeyError):
        return ()
