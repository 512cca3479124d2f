"""Splits of documentation that do not leak: families of modules, held out whole.

Docstrings are inherited, templated and copied from module to module, so a random split would
put the same text on both sides. Modules that repeat each other are joined into families; a
family is never divided; and held-out documents that still share too much with training text
are dropped, with a reason.
"""

from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from gptcore.corpus.near_duplicates import Mask, Shingles, overlaps

REPEATED = 0.5
"""A document repeats others when more than this share of its shingles stands in them."""
JOINED = 1 / 3
"""Two modules are one family when at least this share of the documents of one of them repeats the
other."""
COMMON = 20
"""A shingle in more modules than this is boilerplate, which joins nothing."""

LEAK = "shares text with another split"
NEAR_DUPLICATE = "near duplicate in its split"
DUPLICATE = "duplicate"
SPLITS = ("train", "validation", "test")


def families(shingles: Shingles, modules: Sequence[str]) -> list[str]:
    """The family of each document, named after its first module.

    ``modules`` is the module of each document, as long as there are texts in ``shingles``.
    Families are the connected components of modules that repeat each other (``JOINED``).
    """
    names, module_of = np.unique(np.array(modules, dtype=object), return_inverse=True)
    parents = list(range(len(names)))

    def root(module: int) -> int:
        while parents[module] != module:
            parents[module] = module = parents[parents[module]]
        return module

    for one, other in _repeating_modules(shingles, module_of, len(names)):
        low, high = sorted((root(one), root(other)))
        parents[high] = low
    return [str(names[root(int(module))]) for module in module_of]


def _repeating_modules(
    shingles: Shingles, module_of: npt.NDArray[np.int64], n_modules: int
) -> list[tuple[int, int]]:
    """Pairs of modules, the first of which repeats the second."""
    found = overlaps(shingles, module_of, COMMON)
    own = module_of[found.texts]
    near = (own != found.owners) & (found.shared > REPEATED * shingles.sizes[found.texts])
    pairs, documents = np.unique(own[near] * n_modules + found.owners[near], return_counts=True)
    documents_in = np.bincount(module_of, minlength=n_modules)
    pairs = pairs[documents >= JOINED * documents_in[pairs // n_modules]]
    return [(int(pair) // n_modules, int(pair) % n_modules) for pair in pairs]


def assign(
    groups: Sequence[str],
    strata: Sequence[str],
    sizes: Sequence[int],
    *,
    validation_share: float,
    test_share: float,
    seed: int,
) -> list[str]:
    """The split of each document: whole groups, held out by share of size within each stratum.

    A group belongs to the stratum (here: distribution) that most of its size is in. In the order
    of a seeded hash of its name a group goes to test, or else to validation, as long as that
    split stays within its share of the stratum, and else to train. Where no group is small
    enough, the smallest two of three or more are held out.
    """
    size: dict[str, int] = defaultdict(int)
    within: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for group, stratum, n in zip(groups, strata, sizes, strict=True):
        size[group] += n
        within[group][stratum] += n
    members: dict[str, list[str]] = defaultdict(list)
    for group in sorted(size):
        members[max(within[group].items(), key=lambda item: (item[1], item[0]))[0]].append(group)
    split = dict.fromkeys(size, "train")
    for stratum in sorted(members):
        shuffled = sorted(members[stratum], key=lambda name: _hash(seed, name))
        total = sum(size[group] for group in shuffled)
        room = {"test": test_share * total, "validation": validation_share * total}
        for group in shuffled:
            for name in room:
                if split[group] == "train" and size[group] <= room[name]:
                    split[group] = name
                    room[name] -= size[group]
        _hold_out_smallest(shuffled, size, split, [name for name in room if room[name]])
    return [split[group] for group in groups]


def _hold_out_smallest(
    groups: list[str], size: dict[str, int], split: dict[str, str], wanted: list[str]
) -> None:
    """Give each wanted split that has no group the smallest one left, while two stay."""
    for name in wanted:
        left = [group for group in groups if split[group] == "train"]
        if len(left) > 1 and all(split[group] != name for group in groups):
            split[min(left, key=lambda group: size[group])] = name


def _hash(seed: int, name: str) -> bytes:
    return blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()


def leaks(shingles: Shingles, splits: Sequence[str], limit: float) -> list[str]:
    """Why each document must go, "" where it may stay (or is in no split).

    Within a split, a document is dropped that repeats earlier ones; then a validation document
    that shares more than ``limit`` of its shingles with the training documents left, and a test
    document that does with training or validation documents left.
    """
    of = np.array(splits)
    reasons = np.full(len(of), "", dtype=object)
    others = np.zeros(len(of), dtype=bool)
    for name in SPLITS:
        here: Mask = of == name
        if name != "train":
            leaked = here & (shingles.containment(shingles.held_by(others)) > limit)
            reasons[leaked] = LEAK
            here = here & ~leaked
        repeated = shingles.repeats(here, REPEATED)
        reasons[repeated] = NEAR_DUPLICATE
        others = others | (here & ~repeated)
    return [str(reason) for reason in reasons]


def place(
    texts: Shingles,
    groups: Sequence[str],
    strata: Sequence[str],
    sizes: Sequence[int],
    *,
    validation_share: float,
    test_share: float,
    max_overlap: float,
    seed: int,
) -> list[tuple[str, str]]:
    """Each text's split and "", or "" and the reason for which it is in none.

    Texts that have the very words of earlier ones take no part; then ``assign``, then ``leaks``.
    """
    again = texts.duplicates()
    splits = assign(
        groups,
        strata,
        [0 if repeated else size for size, repeated in zip(sizes, again, strict=True)],
        validation_share=validation_share,
        test_share=test_share,
        seed=seed,
    )
    splits = ["" if repeated else split for split, repeated in zip(splits, again, strict=True)]
    reasons = leaks(texts, splits, max_overlap)
    found = zip(splits, reasons, strict=True)
    return [
        ("", reason or DUPLICATE) if reason or not split else (split, "") for split, reason in found
    ]
