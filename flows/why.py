"""``generalist why eval/TASK``: from a score to all that made it.

The newest evaluation of a profile that has the score: its value beside the baselines, the answers
behind it with their prompts, the wording and its version, the products and their digests down to
what was installed, and for each answer that is shown the training text that comes nearest. Whatever
is gone from the workspace is said to be gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows import report
from flows.console import printable
from flows.errors import FlowsError
from flows.project_file import nearest as suggestion
from flows.scores import DOCUMENTS, GENERALIST, LANGUAGE_MODEL_ONLY
from flows.workspace import Product, Workspace
from gptcore.corpus.documents import read_documents
from tasks_to_text.example import Example
from tasks_to_text.nearest import Near, nearest
from tasks_to_text.prompts_store import wordings_of
from tasks_to_text.scored import UNSEEN, Item
from tasks_to_text.store import ITEMS, read_examples, read_items, splits_of, training_pairs
from tasks_to_text.task import MAIN, Split

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

_TAIL = 400
"""Characters of a prompt that are shown: its end."""
_DIGITS = 8
"""Of a digest; the catalogue has all of them."""
_GONE = "no longer in the workspace"


@dataclass(frozen=True, kw_only=True, slots=True)
class Behind:
    """What is behind one score."""

    task: str
    split: Split
    model: str
    template: str
    evaluation: Product
    scores: tuple[report.Score, ...]
    """Of all models and baselines, by the task's headline metric."""
    items: tuple[Item, ...]
    """The model's answers, the worst first."""
    products: Mapping[str, Product]
    """Digest → product, of all that the workspace has."""

    def input(self, role: str) -> Product | None:
        """An input of the evaluation; None: it is gone."""
        return self.products.get(self.evaluation.manifest.inputs.get(role, ""))

    def trained_on(self, role: str) -> Product | None:
        """What the generalist's shards were made from; None: it is gone. (An evaluation may be of
        other tasks than those of the training, as a benchmark is.)"""
        run = self.input("generalist")
        shards = self.products.get(run.manifest.inputs.get("shards", "")) if run else None
        if shards is None:
            return self.input(role)
        return self.products.get(shards.manifest.inputs.get(role, ""))


def show_why(
    console: "Console",
    workspace: Workspace,
    task: str,
    *,
    profile: str,
    split: Split = "test",
    model: str = GENERALIST,
    template: str = MAIN,
    item: str | None = None,
    number: int = 3,
) -> None:
    """Print what is behind a score; FlowsError when there is no such score or item."""
    if number < 0:
        raise FlowsError(f"--number={number}: use 0 or more")
    found = behind(workspace, task, profile, split, model, template)
    shown = _chosen(found, item, number)
    _show_score(console, found)
    _show_wording(console, found)
    _show_lineage(console, found)
    texts = _texts(found, shown)
    near = _near(found, {name: text for name, (_, text) in texts.items()})
    for one in shown:
        console.print()
        for line in _lines(one, *texts.get(one.example_id, (None, "")), near.get(one.example_id)):
            console.print(line, soft_wrap=True)


def behind(
    workspace: Workspace, task: str, profile: str, split: Split, model: str, template: str = MAIN
) -> Behind:
    """What is behind the newest score of a model on a task; FlowsError: there is none."""
    evaluation, scores = _scored(workspace, task, profile, split)
    headline = next(score["metric"] for score in scores if report.is_headline(score))
    of_headline = [score for score in scores if score["metric"] == headline]
    if model not in {score["model"] for score in of_headline}:
        known = suggestion(model, dict.fromkeys(score["model"] for score in of_headline))
        raise FlowsError(f"--model={model!r} has no score on {task!r}: {known}")
    products = {product.digest: product for product in workspace.finished()}
    prompts = products.get(evaluation.manifest.inputs.get("prompts", ""))
    items = [
        one
        for one in read_items(evaluation.path / ITEMS)
        if (one.task, one.split, one.model) == (task, split, model)
    ]
    hashes = wordings_of(prompts.path, task, split) if prompts else {}
    if hashes and template not in hashes:
        raise FlowsError(f"--template={template!r} of {task!r}: {suggestion(template, hashes)}")
    return Behind(
        task=task,
        split=split,
        model=model,
        template=template,
        evaluation=evaluation,
        scores=tuple(s for s in of_headline if s.get("template") in (None, "", template)),
        items=tuple(
            sorted(
                (
                    one
                    for one in items
                    if one.template_hash == hashes.get(template, one.template_hash)
                ),
                key=_merit,
            )
        ),
        products=products,
    )


def _scored(
    workspace: Workspace, task: str, profile: str, split: str
) -> tuple[Product, list[report.Score]]:
    """The newest evaluation of a profile that has the task, and the task's scores on the split."""
    known: dict[str, None] = {}
    names = (profile, f"{profile}-benchmark")
    of_profile = [one for one in workspace.finished("evaluation") if one.manifest.name in names]
    for evaluation in reversed(of_profile):
        scores = [one for one in report.read_scores(evaluation.path) if one["split"] == split]
        found = [one for one in scores if one["task"] == task]
        if found:
            return evaluation, found
        known |= dict.fromkeys(score["task"] for score in scores)
    if known:
        raise FlowsError(f"{task!r} has no {split} score: {suggestion(task, known)}")
    raise FlowsError(
        f"profile {profile!r} was not evaluated on the {split} split yet: generalist run does it"
    )


def _merit(item: Item) -> tuple[float, float]:
    """Sorts the worst answers first, and of those the most confident ones."""
    if item.merit is None:
        return 0.0, -item.nats / max(1, item.n_bytes)
    return item.merit, -_margin(item)


def _margin(item: Item) -> float:
    """By how many nats a wrong choice was likelier than the right one; else the answer's own."""
    if item.scores and item.gold >= 0:
        return item.scores[item.predicted] - item.scores[item.gold]
    return item.nats


def _chosen(found: Behind, item: str | None, number: int) -> list[Item]:
    """One item by its id, or the worst answers and, last, the best one."""
    if item is not None:
        named = [one for one in found.items if one.example_id == item]
        if not named:
            known = suggestion(item, [one.example_id for one in found.items][:200])
            raise FlowsError(f"--item={item!r}: {found.model} answered no such item: {known}")
        return named
    if not number:
        return []
    return [*found.items[:number], *found.items[max(number, len(found.items) - 1) :]]


def _texts(found: Behind, shown: Sequence[Item]) -> dict[str, tuple[Example | None, str]]:
    """Item → its example, where it is one, and the text that it asks about; those that are gone
    are left out.
    """
    ids = {one.example_id for one in shown}
    if found.task == DOCUMENTS:
        documents = found.input("documents")
        read = read_documents(documents.path / f"{found.split}.parquet") if documents else ()
        return {one.id: (None, one.text) for one in read if one.id in ids}
    prompts = found.input("prompts")
    if prompts is None or found.split not in splits_of(prompts.path, found.task):
        return {}
    examples = read_examples(prompts.path, found.task, found.split, found.template)
    return {one.example_id: (one, one.text) for one in examples if one.example_id in ids}


def _near(found: Behind, texts: Mapping[str, str]) -> dict[str, list[Near]]:
    """The training text nearest to each text: documents, and prompts where the model read them."""
    if not texts or found.trained_on("documents") is None:
        return {}
    return nearest(texts, lambda: _training(found))


def _training(found: Behind) -> Iterator[tuple[str, str]]:
    documents, prompts = found.trained_on("documents"), found.trained_on("prompts")
    if documents is not None:
        for document in read_documents(documents.path / "train.parquet"):
            yield document.id, document.text
    if prompts is None or found.model != GENERALIST:
        return
    for task in found.evaluation.manifest.config.get("mixture", ()):
        if "train" in splits_of(prompts.path, task):
            for number, (prompt, target) in enumerate(training_pairs(prompts.path, task)):
                yield f"training prompt {number} of {task}", prompt + target


def _show_score(console: "Console", found: Behind) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    own = next(score for score in found.scores if score["model"] == found.model)
    metric = report.title(own["metric"])
    heading = f"{found.task}, {found.split} split: {metric}, n={own['n']:,} in {own['n_groups']:,} "
    console.print(Text(f"{heading}groups", style="bold"))
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("model or baseline", "value", "95 % interval", "exposure"):
        table.add_column(name, justify="right" if name in ("value", "95 % interval") else "left")
    for score in sorted(found.scores, key=lambda score: score["model"] != found.model):
        table.add_row(
            Text(printable(score["model"]), style="bold" if score is own else ""),
            report.decimal(score["value"]),
            report.interval(score, 3) or "",
            Text(_exposure(score)),
        )
    console.print(table)


def _exposure(score: report.Score) -> str:
    """In words; "" for a baseline that learns nothing anyway."""
    if score["exposure"] == UNSEEN and score["model"] not in (GENERALIST, LANGUAGE_MODEL_ONLY):
        return ""
    if score["exposure"] == UNSEEN and score.get("shots"):
        return f"unseen ({score['shots']}-shot)"
    return _EXPOSURES.get(score["exposure"], printable(score["exposure"]))


_EXPOSURES = {
    "unseen": "unseen (zero-shot)",
    "sibling": "learned from rows of a task that shares some with it",
    "in_mixture": "learned from the task's training rows",
    "held_out": "held-out text",
}


def _show_wording(console: "Console", found: Behind) -> None:
    """The template with its version, and where the rows are from."""
    from rich.text import Text

    right = sum(one.merit == 1.0 for one in found.items)
    if any(one.merit is not None for one in found.items):
        console.print(f"{len(found.items):,} answers, {right:,} of them wholly right")
    hashes = sorted({one.template_hash for one in found.items} - {""})
    if hashes:
        console.print(Text(f"template {found.template}, version {', '.join(hashes)}"))
    prompts = found.input("prompts")
    about = prompts.manifest.counts.get("tasks", {}).get(found.task, {}) if prompts else {}
    if about:
        licence, revision = about["licence"] or "licence not stated", about["revision"] or "local"
        console.print(Text(printable(f"source {about['source']}, {revision}, {licence}")))


def _show_lineage(console: "Console", found: Behind) -> None:
    from rich.tree import Tree

    tree = Tree(_named("evaluation", found.evaluation.digest, found.evaluation))
    _grow(tree, found.evaluation, found.products, set())
    console.print("\n[bold]made from[/] [dim](digest of the content · code · packages)[/]")
    console.print(tree)


def _grow(tree: "Tree", product: Product, products: Mapping[str, Product], grown: set[str]) -> None:
    """Add the inputs of a product, theirs, and so on; what stands above already, only by name."""
    for role, digest in product.manifest.inputs.items():
        made = products.get(digest)
        branch = tree.add(_named(role, digest, made))
        if made is None or not made.manifest.inputs:
            continue
        if digest in grown:
            branch.add("as above")
        else:
            grown.add(digest)
            _grow(branch, made, products, grown)


def _named(role: str, digest: str, product: Product | None) -> "Text":
    from rich.text import Text

    text = Text()
    if product is None:
        text.append(f"{role.replace('_', ' ')}  ", style="bold")
        return text.append(f"{digest[:_DIGITS]}, {_GONE}", style="yellow")
    made = product.manifest
    if role != made.kind:
        text.append(f"{role.replace('_', ' ')}  ", style="bold")
    text.append(f"{made.kind}/{product.path.name}  ")
    short = (digest[:_DIGITS], made.source[:_DIGITS], made.lock[:_DIGITS])
    return text.append(" · ".join(short), style="dim")


def _lines(
    item: Item, example: Example | None, text: str, near: Sequence[Near] | None
) -> "Iterator[Text]":
    """An answer: what was asked, what was said, and the training text that comes nearest."""
    from rich.text import Text

    word = {0.0: "wrong", 1.0: "right"}.get(item.merit, "") if item.merit is not None else ""
    values = ", ".join(f"{name} {value:.3f}" for name, value in item.values.items())
    yield Text.assemble((printable(item.example_id), "bold"), f"  {word}  ", (values, "dim"))
    if not text:
        yield Text(f"its prompt is {_GONE}", style="yellow")
        return
    asked = example.prompt if example is not None else text
    yield Text(("… " if len(asked) > _TAIL else "") + printable(asked[-_TAIL:]), style="dim")
    yield from _answers(item, example)
    yield from _nearest_lines(near)


def _answers(item: Item, example: Example | None) -> "Iterator[Text]":
    from rich.text import Text

    if example is None or item.merit is None:
        yield Text(f"  {item.nats:.1f} nats")
    elif item.scores and len(item.scores) == len(example.choices):
        for place, (choice, nats) in enumerate(zip(example.choices, item.scores, strict=True)):
            marks = [("right", place == example.gold), ("answered", place == item.predicted)]
            marked = ", ".join(mark for mark, holds in marks if holds)
            yield Text(f"  {nats:9.2f} {printable(choice)}  ").append(marked, style="bold")
    else:
        gold = " | ".join(example.references) or example.target.strip()
        yield Text(f"  right     {printable(gold)}")
        yield Text(f"  answered  {printable(item.answer)}")


def _nearest_lines(near: Sequence[Near] | None) -> "Iterator[Text]":
    from rich.text import Text

    if near is None:
        yield Text(f"  its training documents are {_GONE}", style="yellow")
    elif not near:
        yield Text("  no training text shares a rare word with it", style="dim")
    for one in near or ():
        shared = f"{one.runs or 'no'} runs of 8 words in common"
        words = ", ".join(one.words[:4])
        yield Text(f"  near {printable(one.document)}: {shared}; shares {words}")
        snippet = Text(f"       {printable(one.snippet)}", style="dim")
        snippet.highlight_words(list(one.words), "not dim bold", case_sensitive=False)
        yield snippet
