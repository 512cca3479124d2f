"""A plausible night in memory, for the tests of what a person sees."""

import math
import random
from typing import Any

from flows.night import Night, SourceAbout, TaskAbout
from gptcore.manifest import Manifest, object_digest

Row = dict[str, Any]


def score(task: str, model: str, value: float, **changes: Any) -> Row:
    """One row of metrics.json."""
    row = {
        "task": task,
        "split": "test",
        "model": model,
        "metric": "acc",
        "headline": True,
        "value": value,
        "low": value - 0.05,
        "high": value + 0.05,
        "n": 40,
        "n_groups": 20,
        "exposure": "unseen",
    }
    return {**row, **changes}


def verdict(
    task: str, beats_all: bool, rivals: dict[str, float], metric: str = "acc", **more: Any
) -> Row:
    """One row of verdicts.json; without ``more`` as it was written before it told of them."""
    return {
        "task": task,
        "split": "test",
        "metric": metric,
        "rivals": rivals,
        "p": max(rivals.values()),
        "p_holm": min(1.0, 12 * max(rivals.values())),
        "beats_all": beats_all,
        **more,
    }


_CHOICE = {
    # task: exposure, generalist, language model, choices only, bag of words, majority, chance
    "sentence_order": ("unseen", 0.612, 0.604, 0.545, 0.52, 0.50, 0.50),
    "continuation": ("unseen", 0.318, 0.312, 0.281, 0.26, 0.25, 0.25),
    "cloze": ("unseen", 0.108, 0.117, 0.092, 0.094, 0.102, 0.10),
    "package": ("in_mixture", 0.742, 0.158, 0.201, 0.69, 0.14, 0.111),
    "parameter_type": ("in_mixture", 0.661, 0.205, 0.25, 0.58, 0.21, 0.167),
    "return_type": ("in_mixture", 0.548, 0.18, 0.22, 0.571, 0.25, 0.2),
    "object_kind": ("in_mixture", 0.883, 0.35, 0.36, 0.79, 0.34, 0.333),
    "summary_match": ("in_mixture", 0.514, 0.497, 0.492, 0.51, 0.5, 0.5),
}
_RULES = {"continuation": {"longest choice": 0.329, "most shared words": 0.27}}
"""Of choice tasks."""
_TEXT = {
    # task: exposure, metric, generalist, language model, random, majority, rules
    "last_word": ("unseen", "acc", 0.092, 0.101, 0.0, 0.011, {"most frequent word": 0.064}),
    "parameter_value": ("in_mixture", "f1", 0.412, 0.031, 0.001, 0.233, {}),
    "summary": ("in_mixture", "rouge_l", 0.281, 0.094, 0.004, 0.051, {"lead": 0.344}),
    "translation": ("in_mixture", "chrf", 24.3, 6.1, 1.2, 9.8, {"copy": 13.7}),
}


def _spread(value: float, n: int, scale: float) -> Row:
    half = 1.96 * scale * math.sqrt(max(value / scale * (1 - value / scale), 0.001) / n)
    return {"low": value - half, "high": value + half, "n": n, "n_groups": n // 2}


def many_scores() -> list[Row]:
    """Twelve tasks and the documents, on both splits."""
    rows: list[Row] = []
    for split, n in (("test", 800), ("validation", 400)):
        for task, (exposure, *values) in _CHOICE.items():
            names = ("generalist", "language model only", "choices only", "bag of words")
            trained = {"generalist": exposure, "bag of words": "in_mixture"}
            for name, value in zip((*names, "majority", "chance"), values, strict=True):
                spread = _spread(value, n, 1) if name != "chance" else {"low": value, "high": value}
                given: Row = {"split": split, "exposure": trained.get(name, "unseen"), "n": n}
                rows.append(score(task, name, value, **{**given, "n_groups": n // 2, **spread}))
            rows.append(score(task, "random model", values[-1], split=split, n=n))
            for name, value in _RULES.get(task, {}).items():
                rows.append(score(task, name, value, split=split, **_spread(value, n, 1)))
        for task, (exposure, metric, *values, rules) in _TEXT.items():
            names = ("generalist", "language model only", "random model", "majority")
            scale = 100 if metric == "chrf" else 1
            for name, value in {**dict(zip(names, values, strict=True)), **rules}.items():
                own: Row = {
                    "exposure": exposure if name == "generalist" else "unseen",
                    "metric": metric,
                }
                rows.append(
                    score(task, name, value, split=split, **own, **_spread(value, n, scale))
                )
        lower = {"split": split, "headline": False, "metric": "perplexity", "low": 300, "high": 420}
        rows.append(score("last_word", "generalist", 351.2, **lower))
        rows.append(score("last_word", "random model", 4127.0, **lower))
        for name, value in (
            ("generalist", 1.92),
            ("language model only", 1.88),
            ("random model", 6.01),
            ("lzma", 2.61),
        ):
            held: Row = {
                "metric": "bits_per_byte",
                "exposure": "held_out",
                "split": split,
                "n": 200,
            }
            rows.append(score("documents", name, value, **held))
        for name, value in (
            ("generalist", 812.4),
            ("language model only", 790.1),
            ("random model", 2.1e7),
        ):
            own = {"metric": "word_perplexity", "split": split, "n": 62, "n_groups": 62}
            rows.append(score("wikitext2", name, value, low=value * 0.9, high=value * 1.1, **own))
    return rows


def many_verdicts() -> list[Row]:
    """Of the test split."""
    good, bad = {"chance": 0.0002, "majority": 0.0002}, {"chance": 0.31, "majority": 0.28}
    told: Row = {"plain_p_holm": 0.002, "beats_plain": True}
    rows = [
        verdict(task, True, good, **told, bag_of_words_p=p)
        for task, p in {"sentence_order": 0.0002, "package": 0.01, "return_type": 0.84}.items()
    ]
    rows += [verdict(task, True, good) for task in ("parameter_type", "object_kind")]
    rules = {**good, "longest choice": 0.61, "most shared words": 0.001}
    rows.append(verdict("continuation", False, rules, **told, bag_of_words_p=0.001))
    rows += [verdict(task, False, bad) for task in ("cloze", "summary_match")]
    rows.append(verdict("last_word", False, {"majority": 0.0002, "most frequent word": 0.02}))
    rows.append(verdict("parameter_value", True, {"majority": 0.0002}, "f1"))
    lead = {"majority": 0.0002, "lead": 0.9999}
    rows.append(verdict("summary", False, lead, "rouge_l", **told, bag_of_words_p=-1.0))
    rows.append(verdict("translation", True, {"majority": 0.0002, "copy": 0.0002}, "chrf"))
    return rows


def losses(tokens: int, floor: float, seed: int) -> list[dict[str, float]]:
    """Rows of metrics.jsonl."""
    draw, rows = random.Random(seed), []
    for step in range(10, tokens // 2048 + 1, 10):
        seen = step * 2048
        loss = floor + 5.6 * (1 + seen / 20_000) ** -0.55
        row = {"step": step, "tokens": seen, "train/loss": loss + draw.gauss(0, 0.09)}
        if step % 100 == 0:
            row["validation/loss"] = loss + 0.12
        rows.append(row)
    return rows


def manifest(kind: str, **changes: Any) -> Manifest:
    """A manifest with plausible digests."""
    digest = object_digest([kind, changes])
    given = {"name": f"quickstart-{kind}", "inputs": {}, "config": {}, "counts": {}, "files": {}}
    return Manifest(
        kind=kind, key=digest, digest=digest, source=digest, lock=digest, **{**given, **changes}
    )


_SIZES = {
    "torch": (2_910_000, 240_000, 251_000),
    "scipy": (4_620_000, 371_000, 366_000),
    "numpy": (2_210_000, 190_000, 187_000),
    "pandas": (2_480_000, 201_000, 199_000),
    "sqlalchemy": (1_760_000, 140_000, 150_000),
    "matplotlib": (1_410_000, 118_000, 111_000),
    "mlflow": (960_000, 80_000, 82_000),
}
_SPLITS = ("train", "validation", "test")


def manifests() -> dict[str, Manifest]:
    """What the stages of a night tallied."""
    rates = {"corpus": 0.3, "package": 0.26, "parameter_type": 0.2, "summary": 0.24}
    mixture = [{"name": n, "rate": r, "target_weight": 8.0} for n, r in rates.items()]
    train = {"mixture": mixture, "tokens": 2_400_000, "seed": 0, "threads": 2, "precision": "fp32"}
    model = {"vocab_size": 4096, "context_length": 256, "n_layer": 4, "n_head": 4, "n_embd": 128}
    settings = {"model": model, "train": {**train, "optimizer": "muon"}, "device": "cpu"}
    counted = {
        "parameters": 1_350_144, "tokens": 2_400_256, "steps": 1172, "epochs": {"corpus": 0.31}
    }  # fmt: skip
    tasks = {
        name: {
            "template_hash": object_digest(name)[:12],
            "source": "documentation",
            "licence": "",
            "revision": "",
            **{
                split: {"rows": 9000, "bad": {}, "dropped": {"duplicate": 12, "over the limit": 7},
                        "examples": n, "groups": n // 2}
                for split, n in zip(_SPLITS, (30_000, 400, 800), strict=True)
            },
        }
        for name in (*_CHOICE, *_TEXT)
    }  # fmt: skip
    documents = {
        "documents": 41_208,
        "bytes": sum(map(sum, _SIZES.values())),
        "bytes_by_source": {
            name: dict(zip(_SPLITS, sizes, strict=True)) for name, sizes in _SIZES.items()
        },
        "dropped": {"made of evaluation text": 312, "holds an evaluation text": 87, "too short": 9},
        "held_out_texts": 14_200,
    }
    found = {
        "groups": 312,
        "largest_group": 201,
        "share_in_groups": 0.12,
        "dropped": {"duplicate": 4_100},
    }
    return {
        "generalist": manifest("run", config=settings, counts=counted),
        "language_model_only": manifest("run", config=settings, counts={"tokens": 720_000}),
        "evaluation": manifest("evaluation", counts={"items": 71_000}),
        "prompts": manifest("prompts", counts={"tasks": tasks}),
        "documents": manifest("documents", counts=documents),
        "documentation": manifest("documentation", counts=found),
    }


SAMPLES = [
    {
        "document": "scipy:scipy.signal.windows._windows.taylor",
        "prompt": "scipy.signal.windows.taylor(M, nbar=4, sll=30, norm=True, sym=True): Return a "
        "Taylor window.\n\nThe Taylor window taper function approximates the",
        "continuation": " first window of the given array.\n\nParameters\n----------\nM : int\n    "
        "Number of points in the output window. If zero, an empty array is returned.",
    },
    {
        "document": "sqlalchemy:sqlalchemy.orm.session.Session.merge",
        "prompt": "sqlalchemy.orm.Session.merge(instance, load=True): Copy the state of a given",
        "continuation": " object to the current session, and the object is not returned.",
    },
    {
        "task": "parameter_value",
        "prompt": "numpy.mean(a, axis=None, dtype=None, keepdims=False): Compute the arithmetic "
        "mean along the specified axis.\nQuestion: What is the default of keepdims?\nAnswer:",
        "answer": "False",
        "references": ["False"],
    },
    {
        "task": "translation",
        "prompt": "English: the following arguments are required\nGerman:",
        "answer": "die folgende Argumente sind nicht",
        "references": ["Die folgenden Argumente sind erforderlich", "Erforderliche Argumente"],
    },
]


def night(**changes: Any) -> Night:
    """A night with all its parts."""
    shifts = {"package": (0.021, 0.004), "cloze": (-0.004, 0.012), "summary": (-0.03, 0.012)}
    shifts |= {"sentence_order": (0.012, 0.018), "return_type": (0.034, 0.014)}
    given = {
        "profile": "quickstart",
        "date": "2026-11-23T03:41:07+00:00",
        "promoted": True,
        "reason": "mean accuracy over 12 tasks changed by +0.0142 [+0.0071, +0.0213]; no task "
        "harmed",
        "champion": "run/quickstart-generalist-0a1b2c3d4e5f",
        "run": "run/quickstart-generalist-9f3ab2c4d5e6",
        "about": "A laptop's first run",
        "manifests": manifests(),
        "scores": many_scores(),
        "verdicts": many_verdicts(),
        "samples": SAMPLES,
        "losses": {
            "generalist": losses(2_400_000, 2.3, 1),
            "language model only": losses(720_000, 2.7, 2),
        },
        "tasks": {
            name: TaskAbout(
                description="Which of the candidates is right; the gold answer comes from the "
                "source itself.",
                kind="multiple choice",
            )
            for name in (*_CHOICE, *_TEXT)
        },
        "sources": {
            name: SourceAbout(version="2.1.0", licence="BSD-3-Clause") for name in list(_SIZES)[1:]
        },
        "evidence": {
            "gain": [0.0142, 0.0071, 0.0213],
            "level": 0.9983,
            "spread": 0.0042,
            "runs": 7,
            "tasks": {name: [d, d - 1.96 * e, d + 1.96 * e] for name, (d, e) in shifts.items()},
            "items": 3300,
            "left_out": 37,
            "idle": ["last_word"],
        },
        "versions": {"python": "3.11", "torch": "2.11.0", "numpy": "2.3.1"},
        "commands": ("generalist run --profile quickstart --tokens 2400000 --seed 0 --threads 2",),
    }
    return Night(**{**given, **changes})
