"""Near duplicates and splits: exact against sets of word tuples, and no leak gets through."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptcore.corpus.near_duplicates import LENGTH, Shingles, overlaps, shingles, words
from gptcore.corpus.splits import COMMON, LEAK, NEAR_DUPLICATE, assign, families, leaks

texts_of_few_words = st.lists(
    st.lists(st.sampled_from("abc"), max_size=30).map(" ".join), min_size=1, max_size=8
)


def tuples(text: str) -> set[tuple[str, ...]]:
    """The shingles of a text, without any hashing."""
    found = words(text)
    whole = [*found, *[""] * (LENGTH - len(found))]
    return {tuple(whole[i : i + LENGTH]) for i in range(len(whole) - LENGTH + 1)}


def prose(seed: int, n: int) -> str:
    """``n`` words of a large vocabulary: two seeds share no shingle."""
    generator = np.random.default_rng(seed)
    return " ".join(f"word{i}" for i in generator.integers(0, 100_000, n))


def mask(*chosen: bool) -> np.ndarray:
    return np.array(chosen)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Return ``x``, or *None*.", ["return", "x", "or", "none"]),
        ("x_1 = np.linalg.norm(A)\n", ["x_1", "np", "linalg", "norm", "a"]),
        ("naïve — 2.5", ["naïve", "2", "5"]),
        ("...", []),
    ],
)
def test_words_leave_out_case_punctuation_and_white_space(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(texts_of_few_words)
@settings(deadline=None)
def test_shingles_are_those_of_word_tuples(texts: list[str]) -> None:
    found = shingles(texts)
    assert found.sizes.tolist() == [len(tuples(text)) for text in texts]
    assert len(found.hashes) == len(set.union(*map(tuples, texts)))
    held = found.held_by(np.arange(len(texts)) > 0)
    others = set().union(*map(tuples, texts[1:]))
    expected = [len(tuples(text) & others) / len(tuples(text)) for text in texts]
    assert found.containment(held).tolist() == expected


@given(texts_of_few_words)
@settings(deadline=None)
def test_overlaps_are_those_of_word_tuples(texts: list[str]) -> None:
    owners = np.arange(len(texts)) // 2 - 1  # the first two texts have no owner
    found = overlaps(shingles(texts), owners, common=len(texts))
    pairs = zip(found.texts, found.owners, found.shared, strict=True)
    expected = {}
    for owner in range(owners.max() + 1):
        held = set().union(*(tuples(t) for t, o in zip(texts, owners, strict=True) if o == owner))
        for i, text in enumerate(texts):
            if tuples(text) & held:
                expected[i, owner] = len(tuples(text) & held)
    assert {(int(t), int(o)): int(n) for t, o, n in pairs} == expected


def test_hashes_are_the_same_on_every_machine() -> None:
    text = "one two three four five six seven eight nine"
    hashes = [blake2b(word.encode(), digest_size=8).digest() for word in text.split()]
    values = [int.from_bytes(digest, "little") for digest in hashes]
    base = 0x9E3779B97F4A7C15
    rolled = [sum(v * base ** (7 - i) for i, v in enumerate(values[k : k + 8])) for k in (0, 1)]
    assert shingles([text]).hashes.tolist() == sorted(h % 2**64 for h in rolled)


def test_no_texts_have_no_shingles() -> None:
    found = shingles([])
    assert (len(found.hashes), found.offsets.tolist(), found.sizes.tolist()) == (0, [0], [])


def test_duplicates_have_the_same_words() -> None:
    found = shingles(["Return x.", "other text", "return  ``x``", "Return y."])
    assert found.duplicates().tolist() == [False, False, True, False]


def test_a_text_repeats_only_those_that_stay() -> None:
    a, b = prose(1, 40), prose(2, 40)
    found = shingles([a, f"{a} {prose(3, 20)}", prose(3, 20), b])
    # The third stands in the second, which is a repeat itself and does not count.
    assert found.repeats(np.ones(4, dtype=bool), 0.5).tolist() == [False, True, False, False]


def changed(text: str) -> str:
    """The text with a word changed in the middle."""
    found = text.split()
    found[len(found) // 2] = "altered"
    return " ".join(found)


def test_a_module_copied_under_another_name_is_of_the_same_family() -> None:
    original = [prose(i, 40) for i in range(6)]
    copy = [*map(changed, original[:2]), *(prose(i, 40) for i in range(10, 14))]
    modules = ["d:a"] * 6 + ["d:copy"] * 6 + ["d:other"]
    found = families(shingles([*original, *copy, prose(99, 40)]), modules)
    assert found == ["d:a"] * 12 + ["d:other"]  # two of six documents: a third


def test_boilerplate_and_a_single_shared_docstring_join_no_modules() -> None:
    boilerplate = [prose(0, 40)] * (COMMON + 1)
    own = [prose(i + 1, 40) for i in range(COMMON + 1)]
    modules = [f"d:{i:02}" for i in range(COMMON + 1)]
    assert len(set(families(shingles([*boilerplate, *own]), modules * 2))) == COMMON + 1
    three = [prose(i, 40) for i in range(4)] + [prose(0, 40)] + [prose(i, 40) for i in range(9, 12)]
    assert len(set(families(shingles(three), ["d:a"] * 4 + ["d:b"] * 4))) == 2


def split(groups: Sequence[str], strata: Sequence[str], *, seed: int = 0) -> list[str]:
    return assign(
        groups, strata, [10] * len(groups), validation_share=0.1, test_share=0.1, seed=seed
    )


def test_groups_are_held_out_whole_and_by_share_in_every_stratum() -> None:
    groups = [f"g{i // 2}" for i in range(400)]
    strata = ["a" if i < 300 else "b" for i in range(400)]
    found = split(groups, strata)
    assert len(set(zip(groups, found, strict=True))) == 200
    for stratum, n in (("a", 300), ("b", 100)):
        here = [s for s, where in zip(found, strata, strict=True) if where == stratum]
        assert (here.count("test"), here.count("validation")) == (n // 10, n // 10)


def test_splits_depend_on_the_seed_and_the_groups_alone() -> None:
    groups = [f"g{i}" for i in range(100)]
    strata = ["a"] * 100
    assert split(groups, strata) == split(groups[::-1], strata)[::-1]
    assert split(groups, strata) != split(groups, strata, seed=1)


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, ["train"]), (2, ["test", "train"]), (3, ["test", "train", "validation"])],
)
def test_where_no_group_is_small_enough_the_smallest_are_held_out(
    n: int, expected: list[str]
) -> None:
    assert sorted(split([f"g{i}" for i in range(n)], ["a"] * n)) == expected


def test_a_planted_leak_is_dropped_from_the_held_out_splits() -> None:
    train, passage = prose(1, 200), prose(1, 200).split()[50:70]
    clean = prose(2, 60)
    texts = [train, changed(train), " ".join(passage) + " " + prose(3, 20), clean, changed(clean)]
    splits = ["train", "test", "validation", "validation", "test"]
    assert leaks(shingles(texts), splits, 0.2) == ["", LEAK, LEAK, "", LEAK]


def test_a_held_out_text_may_share_up_to_the_limit() -> None:
    train = prose(1, 200)
    tail = " ".join(train.split()[-15:])  # 8 of 40 shingles
    texts = [train, f"{tail} {prose(2, 32)}"]
    assert shared(shingles(texts)) == 0.2
    assert leaks(shingles(texts), ["train", "test"], 0.2) == ["", ""]
    assert leaks(shingles(texts), ["train", "test"], 0.19) == ["", LEAK]


def shared(found: Shingles) -> float:
    return float(found.containment(found.held_by(mask(True, False)))[1])


def test_repeats_go_within_a_split_and_texts_in_no_split_count_for_nothing() -> None:
    a = prose(1, 60)
    texts = [a, changed(a), a, prose(2, 60)]
    assert leaks(shingles(texts), ["train", "train", "", "test"], 0.2) == [
        "", NEAR_DUPLICATE, "", "",
    ]  # fmt: skip
    assert leaks(shingles(texts), ["", "", "train", "test"], 0.2) == [""] * 4
