"""What stands in the training text is found, always, and what does not stand there is not."""

import os
import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks_to_text.contamination import (
    CHECK,
    GRAM,
    EvaluationText,
    Overlap,
    find_overlaps,
    item_text,
)
from tasks_to_text.example import Example
from tasks_to_text.gram_index import GramFilter, GramIndex
from tasks_to_text.grams import fold, normalised, words_of
from tasks_to_text.overlap_search import Search
from tasks_to_text.records import Bad, read_file
from tasks_to_text.registry import get
from tasks_to_text.sources import Places, read_rows

WORDS = [f"{a}{b}" for a in ("ka", "lo", "mi", "naïve", "Ω", "über") for b in ("", "ta", "re", "7")]


def items(*texts: str) -> list[EvaluationText]:
    return [
        EvaluationText(task="t", split="test", example_id=str(i), group=str(i), text=text)
        for i, text in enumerate(texts)
    ]


def found(texts: Sequence[str], documents: Sequence[str]) -> list[Overlap]:
    """Overlaps of some texts with documents that are called 0, 1, 2 …"""
    named = ((str(i), text) for i, text in enumerate(documents))
    return list(find_overlaps(items(*texts), named).overlaps)


def words_by_hand(text: str) -> list[str]:
    """The rule, said once more: slowly, and with nothing of the code that is tested."""
    folded = (c.lower()[0] for c in unicodedata.normalize("NFC", text))
    return "".join(c if c.isalnum() else " " for c in folded).split(" ")


def by_hand(texts: Sequence[str], documents: Sequence[str]) -> list[tuple[int, int, bool, bool]]:
    """(n_grams, n_found, confirmed, too_short) of each text, from sets of tuples of words."""
    read = [[word for word in words_by_hand(document) if word] for document in documents]

    def grams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
        return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]

    there = {n: {gram for words in read for gram in grams(words, n)} for n in range(1, CHECK + 1)}
    answers = []
    for text in texts:
        words = [word for word in words_by_hand(text) if word]
        n, run = min(GRAM, len(words)), min(CHECK, len(words))
        if not words:
            answers.append((0, 0, False, True))
            continue
        own = grams(words, n)
        hits = sum(gram in there[n] for gram in own)
        confirmed = any(gram in there[run] for gram in grams(words, run))
        answers.append((len(own), hits, confirmed, len(words) < GRAM))
    return answers


def as_tuple(one: Overlap) -> tuple[int, int, bool, bool]:
    return one.n_grams, one.n_found, one.confirmed, one.too_short


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's  «ÉTÉ», No. 7!", "it s été no 7"),
        ("snake_case\tand\r\nlines\u00a0too", "snake case and lines too"),
        ("e\u0301te\u0301", "été"),
        ("ΟΔΟΣ Straße ½ ² 東京、大阪", "οδοσ straße ½ ² 東京 大阪"),
        ("", ""),
        ("\x01 \x00 — …", ""),
        ("İstanbul \ud800 x", "istanbul x"),
    ],
)
def test_the_rule_of_normalisation(text: str, expected: str) -> None:
    assert normalised(text) == expected


@given(st.text(max_size=200))
def test_folding_is_the_rule_said_by_hand(text: str) -> None:
    assert normalised(text) == " ".join(word for word in words_by_hand(text) if word)


@given(st.lists(st.text(st.sampled_from("ab Z.é\u0301\n\x01ß"), max_size=60), max_size=6))
def test_words_know_the_text_they_are_of(texts: list[str]) -> None:
    words = words_of(texts)
    spelled = [words.spelled(i, 1).decode() for i in range(len(words.starts))]
    of = words.text_of(np.arange(len(words.starts))).tolist()
    for number, text in enumerate(texts):
        mine = [word for word, n in zip(spelled, of, strict=True) if n == number]
        assert " ".join(mine) == normalised(text)


def test_equal_words_have_equal_hashes_wherever_they_stand_and_others_have_others() -> None:
    rng = random.Random(0)
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789é"
    distinct = {"".join(rng.choices(alphabet, k=rng.randint(1, 100))) for _ in range(10_000)}
    distinct |= {"a" * n for n in range(1, 200)}
    distinct |= {"b" * n + alphabet[i] for n in range(90) for i in range(2, 9)}
    hashes: dict[str, int] = {}
    for _ in range(3):
        order = rng.sample(sorted(distinct), len(distinct))
        words = words_of([f"{word.upper()}{rng.choice('.- ')} " for word in order])
        for word, number in zip(order, words.hashes.tolist(), strict=True):
            assert hashes.setdefault(word, number) == number
    assert len(set(hashes.values())) == len(distinct)


def test_grams_of_any_length_depend_on_the_order_of_their_words() -> None:
    words = words_of(["a b c d e f g h i j k l m n", "b a"])
    for n in range(1, 15):
        positions = np.arange(len(words.starts) - n + 1)
        assert (words.grams(n) == words.grams_at(positions, n)).all()
        assert len(np.unique(words.grams(n))) >= min(14, len(positions))
    a_b, b_a = words.grams(2)[[0, 14]]
    assert a_b != b_a
    assert len(words.grams(17)) == 0 and len(words_of([]).grams(8)) == 0


def test_a_large_text_is_hashed_like_a_small_one() -> None:
    """Across the blocks in which it is worked off, with a word that is longer than a block."""
    rng = random.Random(1)
    text = " ".join(rng.choices(WORDS, k=100_000)) + f" {'0' * 600_000} " + "ka lo " * 50_000
    words, one_by_one = words_of([text]), {}
    for i in range(len(words.starts)):
        one_by_one.setdefault(words.spelled(i, 1), set()).add(int(words.hashes[i]))
    assert all(len(hashes) == 1 for hashes in one_by_one.values())
    assert len(words.starts) == len(normalised(text).split(" "))


_TEXT = st.lists(st.sampled_from(["a", "b", "C", "é.", "\n", "E\u0301"]), max_size=40).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(_TEXT, max_size=6), st.lists(_TEXT, max_size=6))
def test_all_is_as_a_slow_search_says(texts: list[str], documents: list[str]) -> None:
    assert [as_tuple(one) for one in found(texts, documents)] == by_hand(texts, documents)


def test_all_is_as_a_slow_search_says_of_many_texts() -> None:
    rng = random.Random(2)

    def text(most: int) -> str:
        return " ".join(rng.choices(WORDS[:4], k=rng.randint(0, most)))

    for _ in range(3):
        documents = [text(2000) for _ in range(20)]
        texts = [text(30) for _ in range(300)] + [d[i : i + 200] for i, d in enumerate(documents)]
        expected = by_hand(texts, documents)
        assert 20 < sum(confirmed for *_, confirmed, _ in expected) < 200
        assert [as_tuple(one) for one in found(texts, documents)] == expected


def _varied(text: str, rng: random.Random) -> str:
    """The same words in other dress: case, punctuation, line ends, forms of Unicode."""
    dress: Sequence[Callable[[str], str]] = (
        str.upper,
        str.title,
        lambda s: s.replace(" ", "\r\n"),
        lambda s: s.replace(" ", " — "),
        lambda s: f"«{s.replace(' ', ', ')}»!",
        lambda s: unicodedata.normalize("NFD", s),
        lambda s: s.replace(" ", "\u00a0\u2003"),
        lambda s: s,
    )
    return rng.choice(dress)(rng.choice(dress)(text))


def test_a_planted_item_is_found_wherever_it_stands_and_in_whatever_dress() -> None:
    rng = random.Random(3)
    clean = [word for word in WORDS if "Ω" not in word]
    for _ in range(60):
        planted = [" ".join(rng.choices(clean, k=rng.randint(CHECK, 60))) for _ in range(20)]
        filler = [" ".join(rng.choices("xyz", k=rng.randint(0, 400))) for _ in range(30)]
        where = [rng.randrange(len(filler)) for _ in planted]
        documents = list(filler)
        for text, i in zip(planted, where, strict=True):
            cut = rng.choice([0, documents[i].find(" "), len(documents[i])])
            before, after = documents[i][: max(cut, 0)], documents[i][max(cut, 0) :]
            documents[i] = f"{before} {_varied(text, rng)} {after}"
        for one, i in zip(found(planted, documents), where, strict=True):
            assert one.n_found == one.n_grams and one.confirmed
            assert str(i) in [holder.id for holder in one.documents]


def test_no_gram_goes_from_one_document_into_the_next() -> None:
    words = [f"w{i}" for i in range(13)]
    text, head, tail = (" ".join(part) for part in (words, words[:4], words[4:]))
    (apart,) = found([text], ["before " + head, tail + " after"])
    (whole,) = found([text], ["before " + head + " " + tail + " after"])
    assert (apart.n_found, apart.confirmed) == (2, False)
    assert (whole.n_found, whole.confirmed) == (6, True)
    assert found(["a b c d e f g h"], ["a b c d", "e f g h"])[0].n_found == 0


def test_nor_from_one_item_into_the_next() -> None:
    first, second = found(["a b c d", "e f g h i j k l"], ["a b c d e f g h i"])
    assert (first.n_found, second.n_found) == (1, 0)


def test_a_chance_hit_is_a_suspect_and_not_confirmed() -> None:
    phrase = "at the end of the day it was"
    text = f"Nobody knew why but {phrase} raining over all of the hills"
    (one,) = found([text], [f"They said that {phrase} too late.", "x"])
    assert (one.n_found, one.confirmed) == (1, False)
    assert [(holder.id, holder.n) for holder in one.documents] == [("0", 1)]


def test_twelve_words_in_two_documents_confirm_nothing_and_thirteen_in_one_do() -> None:
    text = " ".join(f"w{i}" for i in range(20))
    words = text.split()
    twelve = [" ".join(words[:12]), " ".join(words[1:13]), " ".join(words[8:20])]
    (one,) = found([text], twelve)
    assert (one.n_grams, one.n_found, one.confirmed) == (13, 11, False)
    (one,) = found([text], [*twelve, " ".join(words[4:17])])
    assert one.confirmed


def test_a_run_is_compared_word_by_word_and_not_by_its_hash() -> None:
    """Other words that are given the hashes of those that are sought."""
    sought, other = (" ".join(f"{c}{i}" for i in range(20)) for c in "vw")
    search = Search([sought])
    forged = replace(words_of([other]), hashes=words_of([sought]).hashes)
    search.look(forged, ["forged"], 0)
    assert [int(n[0]) for n in search.counts()] == [13, 13]
    assert not search.confirmed().any()
    search.look(words_of([sought]), ["true"], 1)
    assert search.confirmed().all()


def test_items_are_confirmed_in_whatever_batch_they_come() -> None:
    """Some share a run; in between there is so much text that it is not looked through at once."""
    rng = random.Random(4)
    texts = [" ".join(rng.choices(WORDS, k=40)) for _ in range(8)]
    texts += [f"{texts[i]} and more of {i}" for i in range(4)]
    documents = [part for text in texts[:8] for part in (text, "x y " * 150_000)]
    assert [as_tuple(one) for one in found(texts, documents)] == by_hand(texts, texts[:8])
    assert [one.confirmed for one in found(texts, documents[4:])] == [i % 8 > 1 for i in range(12)]


def test_an_item_of_eight_to_twelve_words_is_confirmed_by_all_of_them() -> None:
    text = " ".join(f"w{i}" for i in range(10))
    assert found([text], [text])[0].confirmed
    (part,) = found([text], [text.removesuffix(" w9")])
    assert (part.n_grams, part.n_found, part.confirmed) == (3, 2, False)


def test_short_items_are_looked_for_as_a_whole_and_marked() -> None:
    texts = ["New York", "yes", "— … !", "", "a b c d e f g", "York"]
    overlaps = found(texts, ["He lived in new\nYORK.", "a b c d e f"])
    assert [as_tuple(one) for one in overlaps] == [
        (1, 1, True, True),
        (1, 0, False, True),
        (0, 0, False, True),
        (0, 0, False, True),
        (1, 0, False, True),
        (1, 1, True, True),
    ]
    assert [one.share for one in overlaps] == [1, 0, 0, 0, 0, 1]


def test_the_documents_that_hold_most_come_first_and_earlier_ones_before_equals() -> None:
    text = " ".join(f"w{i}" for i in range(30))
    words = text.split()
    spans = [(0, 9), (0, 30), (5, 15), (3, 13), (0, 8)]
    documents = [" ".join(words[a:b]) for a, b in spans]
    documents += ["x " * 300_000, " ".join(words[:28])]  # far enough for another batch
    (one,) = found([text], documents)
    assert [(holder.id, holder.n) for holder in one.documents] == [("1", 23), ("6", 21), ("2", 3)]


def test_a_repeated_gram_counts_as_often_as_it_stands_in_the_item() -> None:
    (one,) = found(["a b c d e f g h " * 3], ["a b c d e f g h"])
    assert (one.n_grams, one.n_found) == (17, 3)
    assert one.documents[0].n == 3


def test_what_all_items_share_is_found_in_all_and_names_one_document() -> None:
    shared = "read the passage and answer the question that follows"
    texts = [f"{shared} number {i} alone" for i in range(200)]
    overlaps = found(texts, [f"{i} {shared} {i}" for i in range(300)])
    assert {one.n_found for one in overlaps} == {2}
    assert {one.documents[0].id for one in overlaps} == {"0"}


def test_without_documents_or_items_there_is_nothing() -> None:
    (one,) = found(["a b c d e f g h i"], [])
    assert (one.n_grams, one.n_found, one.documents) == (2, 0, ())
    assert found([], ["a b c d e f g h i"]) == []
    empty = find_overlaps([], [])
    assert (empty.documents, empty.n_bytes, empty.n_words) == (0, 0, 0)
    assert found(["a b c"], ["", "", ""])[0].n_found == 0


def test_what_was_read_is_counted() -> None:
    told: list[int] = []
    documents = [("a", "Zwölf Boxkämpfer"), ("b", ""), ("c", "jagen")]
    all_ = find_overlaps(items("x"), iter(documents), told.append)
    assert (all_.documents, all_.n_bytes, all_.n_words) == (3, 23, 3)
    assert sum(told) == 23 and all_.index_bytes > 0


def test_no_random_gram_is_taken_for_one_of_a_large_evaluation() -> None:
    """GPT-2's check of its filter: a million strings, no hit."""
    rng = np.random.default_rng(0)
    vocabulary = [f"w{i:x}" for i in range(5000)]

    def text(n: int) -> str:
        return " ".join(vocabulary[i] for i in rng.integers(len(vocabulary), size=n))

    evaluation = words_of([text(200_000)])
    index = GramIndex(evaluation, np.arange(200_000 - GRAM + 1), GRAM)
    keys = GramFilter(index.keys)
    hashes = words_of([text(1_000_000 + GRAM - 1)]).grams(GRAM)
    passing = keys.passing(hashes)
    assert len(hashes) == 1_000_000 and 0.01 < len(passing) / len(hashes) < 0.05
    assert len(index.find(hashes[passing])[0]) == 0
    own = evaluation.grams(GRAM)
    assert len(keys.passing(own)) == len(own) == len(index.find(own)[0])


def test_memory_does_not_grow_with_the_corpus() -> None:
    texts = items(*(f"{i} " * 20 for i in range(100)))
    small, large = (
        find_overlaps(texts, [(str(i), "ka lo mi " * 100) for i in range(n)]) for n in (1, 300)
    )
    assert small.index_bytes == large.index_bytes


def _example(**fields: object) -> Example:
    return Example(**{"example_id": "e", "group": "g", **fields})  # type: ignore[arg-type]


def test_an_items_text_is_the_rows_own() -> None:
    long = " Because, as they said, it had rained for days."
    asked = _example(prompt="Q: Why?\nA:", target=long, segments=("It is.", "Why?"))
    assert item_text(asked) == f"It is.\nWhy?\n{long}"
    asked = _example(prompt="Q: Why?\nA:", target=" So it is.", segments=("It is.", "Why?"))
    assert item_text(asked) == "It is.\nWhy?"
    told = _example(
        prompt="All: Then it had", target=long, segments=(f"Then it had{long.upper()}",)
    )
    assert item_text(told) == f"Then it had{long.upper()}"
    read = _example(prompt="", target="I can't.", segments=("I can n't .",))
    assert item_text(read) == "I can't."
    assert item_text(_example(prompt="Hm", target=" yes")) == "Hm"


@pytest.mark.skipif(
    "GENERALIST_DATA" not in os.environ, reason="GENERALIST_DATA names no directory with real text"
)
def test_real_items_against_a_real_corpus() -> None:
    """Two passages of LAMBADA are planted in the PEPs; nothing else of it is confirmed there."""
    mirror = Path(os.environ["GENERALIST_DATA"])
    task = get("lambada")
    rows = read_rows(task.source, "test", columns=["text"], places=Places(mirror=mirror))
    texts = [str(row["text"]) for row in rows[:1000]]

    def documents() -> Iterator[tuple[str, str]]:
        path = mirror / "corpora" / "python_peps.jsonl.zst"
        for i, row in enumerate(read_file(path, path.name, ["text"])):
            assert not isinstance(row, Bad)
            text = row["text"]
            yield str(i), f"{text}\n{texts[i].upper()}" if i in (3, 77) else text

    overlaps = find_overlaps(items(*texts), documents()).overlaps
    assert [one.example_id for one in overlaps if one.confirmed] == ["3", "77"]
    assert overlaps[77].share == 1 and overlaps[77].documents[0].id == "77"
    assert sum(one.n_found for one in overlaps) < 0.01 * sum(one.n_grams for one in overlaps) + 200


def test_folded_text_keeps_its_places() -> None:
    assert fold("A-b") == b"a b" and len(fold("x" * 70_000 + "é")) == 70_002
