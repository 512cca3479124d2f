"""The lower half of the report page: what the night was made from, and how."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flows.drawing import bar
from flows.markup import EMPTY, Markup, el, join
from flows.night import Night
from flows.read_before import ReadBefore
from flows.report import decimal, interval

HELD_OUT_REASONS = ("made of evaluation text", "holds an evaluation text")
"""Reasons for which ingestion drops a training document because of the evaluation splits."""
NOT_COMPUTED = "not computed"


def data(night: Night) -> list[Markup]:
    """Sources with their size and licence, what was dropped, and contamination."""
    counts = night.counts("documents")
    if not counts:
        return [el("p", "Not there: the manifest of the documents", cls="note")]
    facts = [f"{counts.get('documents', 0):,} documents, {size(counts.get('bytes', 0))}"]
    for role in ("texts", "documentation"):
        found = night.counts(role)
        if "groups" in found:
            facts.append(
                f"{found['groups']:,} groups of near-duplicates, which are never split, hold "
                f"{100 * found['share_in_groups']:.1f} % of the {role}, the largest "
                f"{found['largest_group']:,} documents"
            )
    return [
        el("p", "; ".join(facts), "."),
        _sources(night, counts.get("bytes_by_source", {})),
        *_dropped(night),
        el("h3", "Contamination"),
        *contamination(night),
    ]


def _sources(night: Night, sizes: Mapping[str, Mapping[str, int]]) -> Markup:
    total = sum(sum(by_split.values()) for by_split in sizes.values()) or 1
    largest = max((sum(by_split.values()) for by_split in sizes.values()), default=0) or 1
    rows = []
    for name, by_split in sorted(sizes.items(), key=lambda one: -sum(one[1].values())):
        own, given = sum(by_split.values()), night.sources.get(name)
        rows.append(
            el(
                "tr",
                el("th", name, el("small", given.version) if given else EMPTY, scope="row"),
                el("td", bar(own / largest)),
                *(
                    el("td", f"{by_split.get(split, 0) / 1e6:.2f}", cls="num")
                    for split in ("train", "validation", "test")
                ),
                el("td", f"{100 * own / total:.1f} %", cls="num"),
                el("td", (given.licence if given else "") or "not stated"),
            )
        )
    numbers = ("train", "validation", "test", "share")
    heads = [("source", ""), ("", ""), *((name, "num") for name in numbers), ("licence", "")]
    return table("Text by source, MB of UTF-8; licences as their sources state them", heads, rows)


def _dropped(night: Night) -> list[Markup]:
    """What ingestion left out, and why."""
    tallies = [night.counts(role).get("dropped", {}) for role in ("texts", "documents")]
    tallies += [night.counts("documentation").get("dropped", {}), night.counts("texts").get("bad")]
    rows: dict[str, int] = {}
    for tally in tallies:
        for reason, n in (tally or {}).items():
            rows[reason] = rows.get(reason, 0) + n
    shown = [
        el("tr", el("th", reason, scope="row"), el("td", f"{n:,}", cls="num"))
        for reason, n in sorted(rows.items(), key=lambda one: -one[1])
        if n
    ]
    if not shown:
        return [el("p", "Nothing was dropped.")]
    heads = [("reason", ""), ("documents", "num")]
    return [table("What was left out of the corpus, and why", heads, shown, "narrow")]


def contamination(night: Night) -> list[Markup]:
    """What is known of evaluation text in the training text."""
    counts = night.counts("documents")
    if "held_out_texts" not in counts:
        return [el("p", NOT_COMPUTED.capitalize(), ".")]
    dropped = counts.get("dropped", {})
    made_of, holds = HELD_OUT_REASONS
    gone = dropped.get(made_of, 0) + dropped.get(holds, 0)
    said = (
        f"{counts['held_out_texts']:,} prompts and targets of the validation and test splits were "
        f"looked for in the training text of the corpus; {gone:,} training documents were left out "
        f"because of them: {dropped.get(made_of, 0):,} were made of such text, "
        f"{dropped.get(holds, 0):,} held one of them."
    )
    return [el("p", said), *overlaps(night.contamination)]


def overlaps(found: Sequence[ReadBefore]) -> list[Markup]:
    """How much of every evaluated task stands in the training text, and what it does to scores."""
    if not found:
        return [
            el("p", f"Overlap of the items with the training text: {NOT_COMPUTED}.", cls="note")
        ]
    heads = [("task", ""), ("split", ""), ("items", "num"), ("8-grams found", "num")]
    heads += [("read before", "num"), ("score on the rest", "num"), ("score on those", "num")]
    note = (
        "8-grams found: the share of an evaluation’s runs of eight words that stand in the text "
        "that was trained on, corpus and tasks alike (GPT-2’s Table 6). Read before: items of "
        "which 13 words in a row, or all of a shorter one, stand there. Scores are the "
        "generalist’s; those on items read before say little where these are few, and such items "
        "may be easier for other reasons."
    )
    rows = [_overlap(one) for one in sorted(found, key=lambda one: (one["split"], one["task"]))]
    return [el("p", note, cls="note"), table("Evaluation in the training text", heads, rows)]


def _overlap(one: ReadBefore) -> Markup:
    share = f"{100 * one['found'] / one['grams']:.2f} %" if one["grams"] else "–"
    cells = [f"{one['items']:,}", share, f"{one['confirmed']:,}"]
    for part in ("clean", "dirty"):
        score = one.get(part) if one["confirmed"] else None
        cells.append(f"{decimal(score['value'])} {interval(score)}".rstrip() if score else "")
    return el(
        "tr",
        el("th", one["task"].replace("_", " "), scope="row"),
        el("td", one["split"]),
        *(el("td", cell, cls="num") for cell in cells),
    )


def tasks(night: Night) -> list[Markup]:
    """Every task: what is asked, of which data, how many, and what was left out."""
    counts = night.counts("prompts").get("tasks", {})
    if not counts:
        return [el("p", "Not there: the manifest of the prompts", cls="note")]
    heads = [("task", ""), ("source", ""), ("template", "")]
    heads += [(split, "num") for split in ("train", "validation", "test")] + [("left out", "")]
    return [
        table(
            "Examples by split; the template’s version is the hash of its wording",
            heads,
            [_task(night, name, found) for name, found in counts.items()],
        )
    ]


def _task(night: Night, name: str, found: Mapping[str, Any]) -> Markup:
    given = night.tasks.get(name)
    words = [name.replace("_", " ")]
    if given:
        words += [el("small", f"{given.kind}. {given.description}")]
    source = [found.get("source", ""), el("small", found.get("licence") or "licence not stated")]
    revision = str(found.get("revision") or "")
    if revision:
        source.append(el("small", f"revision {revision[:12]}"))
    numbers = [
        el("td", f"{found[split]['examples']:,}" if split in found else "–", cls="num")
        for split in ("train", "validation", "test")
    ]
    return el(
        "tr",
        el("th", *words, scope="row"),
        el("td", *source),
        el("td", found.get("template_hash", ""), cls="digest"),
        *numbers,
        el("td", *_left_out(found)),
    )


def _left_out(found: Mapping[str, Any]) -> list[Markup]:
    """Bad and dropped rows by reason, all splits together."""
    tally: dict[str, int] = {}
    for split in ("train", "validation", "test"):
        for kind in ("bad", "dropped"):
            reasons = found.get(split, {}).get(kind, {})
            for reason, n in reasons.items() if isinstance(reasons, Mapping) else ():
                tally[reason] = tally.get(reason, 0) + n
    return [el("small", f"{n:,} {reason}") for reason, n in sorted(tally.items()) if n]


def making(night: Night) -> list[Markup]:
    """Settings, digests, versions, and the command that makes it again."""
    run = night.config("generalist")
    parts = [
        el("p", "To make it again, with the same code and packages:"),
        el("pre", el("code", "\n".join(night.commands) or NOT_COMPUTED)),
    ]
    if run:
        shown = {**run.get("model", {}), **run.get("train", {}), "device": run.get("device", "")}
        mixture = shown.pop("mixture", ())
        parts.append(_mixture(mixture))
        parts.append(_pairs("Settings of the generalist", shown))
    if night.counts("generalist"):
        parts.append(_pairs("What its training came to", night.counts("generalist")))
    if night.versions:
        parts.append(_pairs("Packages of the training", night.versions))
    return [*parts, _digests(night)]


def _mixture(streams: Sequence[Mapping[str, Any]]) -> Markup:
    total = sum(stream["rate"] for stream in streams) or 1
    rows = [
        el(
            "tr",
            el("th", stream["name"].replace("_", " "), scope="row"),
            el("td", bar(stream["rate"] / total)),
            el("td", f"{100 * stream['rate'] / total:.0f} %", cls="num"),
            el("td", f"{stream.get('target_weight', 1):g}", cls="num"),
            el("td", f"{stream.get('prompt_weight', 1):g}", cls="num"),
        )
        for stream in streams
    ]
    heads = [("stream", ""), ("", ""), ("share", "num")]
    heads += [("weight of answers", "num"), ("weight of prompts", "num")]
    return table("Mixture: shares of the training windows", heads, rows, "narrow")


def _pairs(caption: str, values: Mapping[str, Any]) -> Markup:
    rows = [
        el("tr", el("th", name.replace("_", " "), scope="row"), el("td", _shown(value)))
        for name, value in sorted(values.items())
    ]
    return el("details", el("summary", caption), table("", _PAIR, rows, "narrow"))


_PAIR = (("name", ""), ("value", ""))


def _digests(night: Night) -> Markup:
    """Every product of the night: content, code and packages by digest."""
    rows = [
        el(
            "tr",
            el("th", role.replace("_", " "), el("small", f"{m.kind}/{m.name}"), scope="row"),
            *(el("td", digest[:16], cls="digest") for digest in (m.digest, m.source, m.lock)),
        )
        for role, m in night.manifests.items()
    ]
    heads = [(name, "") for name in ("product", "content", "code", "packages")]
    caption = "First 16 digits of the SHA-256 of content, code and packages, as in the manifests"
    return table(caption, heads, rows) if rows else EMPTY


def table(
    caption: str, heads: Iterable[tuple[str, str]], rows: Sequence[Markup], kind: str = ""
) -> Markup:
    """A table that scrolls by itself where it is too wide; heads are (text, class)."""
    head = el("tr", *(el("th", text, cls=kind or None, scope="col") for text, kind in heads))
    title = el("caption", el("span", caption)) if caption else EMPTY
    inside = el("table", title, el("thead", head), el("tbody", join(rows)))
    about = {"tabindex": "0", "role": "region", "aria_label": caption or None}
    return el("div", inside, cls=f"wide {kind}".rstrip(), **about)


def size(n_bytes: float) -> str:
    """Bytes for people: 12.3 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    raise AssertionError


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(one)}" for name, one in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
