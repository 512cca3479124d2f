"""The model card: what a trained model is, in Markdown with the front matter of the Hub's cards.

Made from manifests alone, so that it cannot claim what nobody recorded; what is not known is called
not computed or not stated.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flows import read_before, report
from flows.champion import Decision, decisions, model_of
from flows.night import LIMITS, SourceAbout, corpus_sources, night_products
from flows.report import read_scores, read_verdicts, safe
from flows.report_markdown import LEGEND, markdown_tables
from flows.workspace import Product, Workspace
from gptcore.corpus.ingest import HOLDS_HELD_OUT, MADE_OF_HELD_OUT

NOT_STATED, NOT_COMPUTED = "not stated", "not computed"


def card(
    workspace: Workspace, profile_name: str, *, run: Product | None = None, loading: str = ""
) -> str:
    """The card of a profile's champion, or of the last challenger where there is no champion.

    ``run``: of this judged run instead. ``loading``: Markdown on how to load the weights where they
    will be. FlowsError when the profile has no model yet.
    """
    best, promoted = model_of(workspace, profile_name)
    if run is not None and run.digest != best.digest:
        promoted = False
    run = run or best
    place = str(run.path.relative_to(workspace.root))
    judged = [d for d in decisions(workspace, profile_name) if d.run == place]
    decision = next((d for d in reversed(judged) if d.promoted), judged[-1])
    products = night_products(workspace, decision)
    return "\n".join(
        [
            *_front_matter(profile_name, products, "transformers" if loading else "generalist"),
            *_what(profile_name, run, decision, _standing(decision, promoted, run is best)),
            *_data(products),
            *_training(run),
            *_evaluation(workspace, decision),
            *_contamination(products),
            *_limits(),
            *([loading] if loading else _loading(profile_name, run)),
            *_licence(),
            "",
        ]
    )


def _front_matter(profile: str, products: Mapping[str, Product], library: str) -> list[str]:
    """YAML: its strings are written as JSON, which YAML reads."""
    found = _tasks(products)
    datasets = sorted({str(one["source"]) for one in found.values() if one.get("source")})
    metrics = {s["metric"] for s in _scores(products) if report.is_headline(s)}

    def listed(name: str, values: Iterable[str]) -> list[str]:
        items = [f"  - {json.dumps(value, ensure_ascii=False)}" for value in values]
        return [f"{name}:", *items] if items else []

    return [
        "---",
        f"model_name: {json.dumps(f'generalist-{profile}', ensure_ascii=False)}",
        "license: other",
        "license_name: see-the-sources",
        f"library_name: {library}",
        "pipeline_tag: text-generation",
        *listed("tags", ["gpt", "language-model", "multitask", "zero-shot"]),
        *listed("datasets", datasets),
        *listed("metrics", sorted(metrics)),
        "---",
        "",
    ]


def _standing(decision: Decision, champion: bool, best: bool) -> str:
    date = safe(decision.date)
    if champion:
        return f"the champion of the profile since {date}"
    if best:
        return f"the last challenger, not promoted ({date}); there is no champion"
    return f"a former champion, promoted {date}" if decision.promoted else f"not promoted ({date})"


def _what(profile: str, run: Product, decision: Decision, state: str) -> list[str]:
    model, counts = run.manifest.config.get("model", {}), run.manifest.counts
    norm = "GPT-2 (LayerNorm before each sub-block)"
    if model.get("norm") == "post":
        norm = "GPT-1 (LayerNorm after each sub-block)"
    facts = {
        "parameters": _number(counts.get("parameters")),
        "architecture": norm,
        "layers, heads, width": _joined(model, "n_layer", "n_head", "n_embd"),
        "context": f"{_number(model.get('context_length'))} tokens",
        "tokenizer": f"SentencePiece byte-fallback BPE, {_number(model.get('vocab_size'))} pieces",
        "weights": f"`{safe(run.path.name)}`, SHA-256 of the content `{run.digest}`",
    }
    return [
        f"# generalist-{safe(profile)}",
        "",
        f"A language model that was trained on text and on tasks written as text: {state}. "
        f"{_sentence(safe(decision.reason))}",
        "",
        *_table(("", ""), facts.items()),
    ]


def _data(products: Mapping[str, Product]) -> list[str]:
    lines = ["## Training data", ""]
    documents = products.get("documents")
    if documents is None:
        return [*lines, "The manifest of the documents is not there any more.", ""]
    counts, about = documents.manifest.counts, corpus_sources(documents)
    sizes: Mapping[str, Mapping[str, int]] = counts.get("bytes_by_source", {})
    unknown = SourceAbout(version="", licence="")
    rows = [
        (
            safe(name),
            f"{by_split.get('train', 0):,}",
            safe(about.get(name, unknown).version) or NOT_STATED,
            safe(about.get(name, unknown).licence) or NOT_STATED,
        )
        for name, by_split in sorted(sizes.items(), key=lambda one: -one[1].get("train", 0))
    ]
    tasks = [
        (
            safe(name),
            safe(str(one.get("source") or NOT_STATED)),
            safe(str(one.get("revision") or "")) or "–",
            safe(str(one.get("licence") or NOT_STATED)),
            _number(one.get("train", {}).get("examples", 0)),
        )
        for name, one in _tasks(products).items()
        if name in _mixture(products)
    ]
    shards = products.get("shards")
    encoded = shards.manifest.counts if shards else {}
    tokens = sum(one["tokens"] for name, one in encoded.items() if name.startswith("train/"))
    return [
        *lines,
        f"{_number(counts.get('documents'))} documents, {_number(counts.get('bytes'))} bytes; "
        f"tokens of training text and tasks: {_number(tokens or None)}. "
        "Licences as the sources state them.",
        "",
        *_table(("source", "bytes for training", "version", "licence"), rows),
        "Tasks in the mixture:",
        "",
        *_table(("task", "source", "revision", "licence", "training examples"), tasks),
    ]


def _training(run: Product) -> list[str]:
    train, counts = run.manifest.config.get("train", {}), run.manifest.counts
    streams = train.get("mixture", ())
    total = sum(stream["rate"] for stream in streams) or 1
    mixture = ", ".join(f"{safe(s['name'])} {s['rate'] / total:.0%}" for s in streams)
    facts = {
        "tokens": _number(counts.get("tokens")),
        "steps": _number(counts.get("steps")),
        "mixture": mixture or NOT_COMPUTED,
        "optimizer": safe(str(train.get("optimizer", NOT_STATED))),
        "precision": safe(str(train.get("precision", NOT_STATED))),
        "seed": str(train.get("seed", NOT_STATED)),
        "device": safe(str(run.manifest.config.get("device", NOT_STATED))),
        "code": f"SHA-256 `{run.manifest.source}`",
        "packages": f"SHA-256 `{run.manifest.lock}`",
    }
    return ["## Training", "", *_table(("", ""), facts.items())]


def _evaluation(workspace: Workspace, decision: Decision) -> list[str]:
    place = workspace.root / decision.evaluation
    lines = ["## Evaluation", ""]
    if not (place / "metrics.json").exists():
        return [*lines, "The scores are not there any more.", ""]
    scores = read_scores(place)
    splits = report.splits(scores)
    if not splits:
        return [*lines, "Nothing was scored.", ""]
    tables = markdown_tables(scores, read_verdicts(place), splits[0], read_before.read(place))
    return [*lines, f"On the {splits[0]} split. {LEGEND}", "", tables]


def _contamination(products: Mapping[str, Product]) -> list[str]:
    after = (
        "Of all that was trained on, corpus and tasks, the table above says how many items stand "
        "there (13 words in a row, or all of a shorter one), and the score on the others."
        if "evaluation" in products and read_before.read(products["evaluation"].path)
        else f"Scores on clean items alone: {NOT_COMPUTED}."
    )
    counts = products["documents"].manifest.counts if "documents" in products else {}
    lines = ["## Contamination", ""]
    if "held_out_texts" not in counts:
        return [*lines, f"Evaluation text in the training text: {NOT_COMPUTED}.", ""]
    dropped = counts.get("dropped", {})
    return [
        *lines,
        f"{_number(counts['held_out_texts'])} prompts and targets of the validation and test "
        "splits were looked for in the training text of the corpus, as runs of words. Left out of "
        f"it: {_number(dropped.get(MADE_OF_HELD_OUT, 0))} documents made of such text and "
        f"{_number(dropped.get(HOLDS_HELD_OUT, 0))} that held one of them. {after} Paraphrases and "
        f"translations: {NOT_COMPUTED}.",
        "",
    ]


def _limits() -> list[str]:
    return [
        "## Intended use and limits",
        "",
        "For research on small language models and on mixtures of tasks. Not for decisions about "
        "people, and not as a source of facts: it continues text, and what it writes may be false, "
        "offensive, or copied from its training text.",
        "",
        *(f"- {limit}" for limit in LIMITS),
        "",
    ]


def _loading(profile: str, run: Product) -> list[str]:
    return [
        "## How to load it",
        "",
        "```sh",
        f"generalist generate --profile {profile} 'The beginning of a text'",
        "```",
        "",
        f"The weights are `{run.path.name}/weights/model.safetensors`, the tokenizer is beside them"
        f" in `{run.path.name}/tokenizer`.",
        "",
    ]


def _licence() -> list[str]:
    return [
        "## Licence",
        "",
        "That of the training data, source by source, as the tables above state it. Where a "
        "licence is not stated, assume that none was given.",
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    body = [f"| {' | '.join(row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *body, ""]


def _tasks(products: Mapping[str, Product]) -> Mapping[str, Mapping[str, Any]]:
    counts = products["prompts"].manifest.counts if "prompts" in products else {}
    tasks: Mapping[str, Mapping[str, Any]] = counts.get("tasks", {})
    return tasks


def _mixture(products: Mapping[str, Product]) -> set[str]:
    run = products.get("generalist")
    streams = run.manifest.config.get("train", {}).get("mixture", ()) if run else ()
    return {str(stream["name"]) for stream in streams}


def _scores(products: Mapping[str, Product]) -> list[report.Score]:
    evaluation = products.get("evaluation")
    return read_scores(evaluation.path) if evaluation else []


def _joined(values: Mapping[str, Any], *names: str) -> str:
    return ", ".join(_number(values.get(name)) for name in names)


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else NOT_COMPUTED


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
