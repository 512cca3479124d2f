"""Natural text from words apart, and words apart from natural text: they are each other's inverse.

Real rows are where ``GENERALIST_DATA`` is; what does not come back there is counted, by name.
"""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lm_eval.tasks.wikitext.preprocess_wikitext import wikitext_detokenizer

from tasks_to_text import registry
from tasks_to_text.sources import Places, read_rows
from tasks_to_text.task import LM_EVAL, Rejected
from tasks_to_text.tasks.detokenize import (
    CBT,
    DETOKENIZERS,
    LAMBADA,
    ONE_BILLION_WORDS,
    PTB,
    SNLI,
    SST,
    TREC,
    WIKITEXT,
    Detokenizer,
    penn,
    wikitext,
    wikitext_in_harness,
)

PIECES = [*" \n\t\"'()[]{}/=:;.!?,°sN7aé", "@-@", "@,@", "@.@", "'s", "= =", " N ", "/' 7/", " ° "]
"""What the rules of the harness are about, to be put together at random."""


@pytest.mark.parametrize(
    ("apart", "natural"),
    [
        ("It does n't , he 's sure .", "It doesn't, he's sure."),
        ("the students ' `` best '' books", 'the students\' "best" books'),
        ("` eh ' ( twice ) !", "'eh' (twice)!"),
        ("it costs $ 5 ; ca n't pay", "it costs $5; can't pay"),
        ("already natural, isn't it?", "already natural, isn't it?"),
    ],
)
def test_penn(apart: str, natural: str) -> None:
    assert penn(apart) == natural
    assert penn(natural) == natural


PAIRS: list[tuple[Detokenizer, str, str]] = [
    (PTB, "no it was n't black monday", "no it wasn't black monday"),
    (PTB, "mr. <unk> 's $ N N stake in u.s. banks", "mr. <unk>'s $N N stake in u.s. banks"),
    (PTB, "the traders ' s\\*p and\\/or r&d", "the traders' s*p and/or r&d"),
    (
        ONE_BILLION_WORDS,
        '" It isn \'t over , " Mr. Lee , 42 , said ; the $ 3.5 trillion U.S. budget ( 2009 ) .',
        '"It isn\'t over," Mr. Lee, 42, said; the $3.5 trillion U.S. budget (2009).',
    ),
    (ONE_BILLION_WORDS, "The players ' get-out-the-vote .", "The players' get-out-the-vote."),
    (WIKITEXT, " = Ann Lee = ", "= Ann Lee ="),
    (WIKITEXT, " = = Early @-@ life = = ", "== Early-life =="),
    (WIKITEXT, " ", ""),
    (WIKITEXT, " She had 1 @,@ 000 ( 2 @.@ 5 % ) . ", "She had 1,000 (2.5%)."),
    (WIKITEXT, ' The " <unk> " ; is <unk> \'s , ', 'The "<unk>"; is <unk>\'s,'),
    (WIKITEXT, " Dr. Lee of No. 5 , U.S. Route 2 . He ", "Dr. Lee of No. 5, U.S. Route 2. He"),
    (SST, "`` it 's '' lrb almost rrb good", '"it\'s" (almost) good'),
    (SST, "rock 'n' roll in the '70s , for 'em", "rock 'n' roll in the '70s, for 'em"),
    (SNLI, "A man ( in blue ) runs . He does n't stop .", "A man (in blue) runs. He doesn't stop."),
    (SNLI, "Mr. Lee 's cap says `` Hi . ''", 'Mr. Lee\'s cap says "Hi."'),
    (TREC, "What 's the term for `` a young fox '' ?", 'What\'s the term for "a young fox"?'),
    (
        LAMBADA,
        "`` oh , '' mr. lee said , `` i ca n't ... '' it was late . he saw `` it ''",
        '"oh," mr. lee said, "i can\'t..." it was late. he saw "it"',
    ),
    (CBT, "`` We 'll see , '' -LRB- said he -RRB- : ` Ay ! '", "\"We'll see,\" (said he): 'Ay!'"),
]


@pytest.mark.parametrize(("form", "apart", "natural"), PAIRS)
def test_a_published_sentence_reads_naturally_and_comes_back(
    form: Detokenizer, apart: str, natural: str
) -> None:
    assert form.to_text(apart) == natural
    assert form.to_tokens(natural) == apart
    assert form.is_invertible(apart)


def test_every_form_is_tested_on_literals() -> None:
    assert {form.name for form, _, _ in PAIRS} == {form.name for form in DETOKENIZERS}


WORDS = st.sampled_from(["cat", "Ann", "runs", "well-known", "421", "1990s", "the"])
PENN_MARKS = [",", ";", ":", "!", "?", "...", "--", "%"]


def _phrase(tokens: list[str]) -> st.SearchStrategy[str]:
    """Words, each perhaps with tokens that follow a word."""
    after = st.lists(st.sampled_from(tokens), max_size=1)
    pieces = st.builds(lambda word, more: " ".join([word, *more]), WORDS, after)
    return st.lists(pieces, min_size=1, max_size=6).map(" ".join)


def _sentence(
    phrase: st.SearchStrategy[str], pairs: list[tuple[str, str]]
) -> st.SearchStrategy[str]:
    """Words, some of them enclosed by a pair of tokens, up to a full stop after a word."""

    def one(left: str, pair: tuple[str, str], inside: str, last: str) -> str:
        return f"{left} {pair[0]} {inside} {pair[1]} {last} ."

    return st.builds(one, phrase, st.sampled_from(pairs), phrase, WORDS)


@pytest.mark.parametrize("form", [SNLI, CBT], ids=lambda form: form.name)
def test_treebank_words_come_back(form: Detokenizer) -> None:
    brackets = {"snli": ("(", ")"), "cbt": ("-LRB-", "-RRB-")}[form.name]
    phrase = _phrase([*PENN_MARKS, "'s", "n't", "'ll"])

    @given(_sentence(phrase, [("``", "''"), ("`", "'"), brackets, ("[", "]")]))
    def check(sentence: str) -> None:
        assert form.to_tokens(form.to_text(sentence)) == sentence

    check()


@given(_phrase(["'s", "n't", "'re"]), st.sampled_from(["$ N", "mr. <unk>", "and\\/or", "u.s."]))
def test_the_treebank_of_language_models_comes_back(sentence: str, more: str) -> None:
    words = f"{sentence.lower()} {more} {sentence.lower()}"
    assert PTB.to_tokens(PTB.to_text(words)) == words


@pytest.mark.parametrize("form", [ONE_BILLION_WORDS, WIKITEXT], ids=lambda form: form.name)
def test_moses_words_come_back(form: Detokenizer) -> None:
    phrase = _phrase([",", ";", ":", "!", "?", "...", "%", "'s", "'t", "– 7", "Dr. Lee", ". The"])

    @given(_sentence(phrase, [('"', '"'), ("(", ")"), ("[", "]"), ("$", "9,000")]))
    def check(sentence: str) -> None:
        if form is WIKITEXT:
            sentence = f" {sentence.replace('-', ' @-@ ').replace('9,000', '9 @,@ 000')} "
        assert form.to_tokens(form.to_text(sentence)) == sentence

    check()


@given(st.text(alphabet="ab A.,'\"`()-@=$ ", max_size=30))
def test_only_white_space_and_stand_ins_change(text: str) -> None:
    for form in DETOKENIZERS:
        letters = re.sub(r"[^abA.,]", "", form.to_text(text))
        assert letters == re.sub(r"[^abA.,]", "", text)


def test_what_does_not_come_back_is_counted_and_shown() -> None:
    lost = "Here is one .. and another"
    found = SNLI.failures(["A man runs .", lost, "He 's here .", "He sat on Mt. Fuji ."])
    assert (found.n, found.failed) == (4, (lost, "He sat on Mt. Fuji ."))
    assert found.share == 0.5
    lines = WIKITEXT.failures([" Fine . \n \n Odd ? ? \n"])
    assert (lines.n, lines.failed) == (2, (" Odd ? ? ",))
    assert WIKITEXT.failures([]).share == 0.0


real_rows = pytest.mark.skipif(
    "GENERALIST_DATA" not in os.environ,
    reason="GENERALIST_DATA names no directory with the published rows",
)


def _published(name: str, *columns: str) -> list[str]:
    task, places = registry.get(name), Places(mirror=Path(os.environ["GENERALIST_DATA"]))
    return [
        record[column]
        for split in task.source.given_splits
        for record in read_rows(task.source, split, columns=columns, places=places)
        for column in columns
    ]


@real_rows
@pytest.mark.parametrize(
    ("form", "columns", "at_most"),
    [
        (SST, ("sentence",), 0.0005),
        (SNLI, ("premise", "hypothesis"), 0.0003),
        (TREC, ("text",), 0.012),
        (WIKITEXT, ("text",), 0.004),
    ],
    ids=lambda value: value.name if isinstance(value, Detokenizer) else "",
)
def test_published_rows_come_back(
    form: Detokenizer, columns: tuple[str, ...], at_most: float
) -> None:
    name = {"sst": "sst2", "wikitext": "wikitext2"}.get(form.name, form.name)
    found = form.failures(_published(name, *columns))
    assert found.n > 5000
    assert found.share < at_most, found.failed[:20]


@real_rows
def test_natural_text_of_wikitext_loses_no_letter() -> None:
    for page in _published("wikitext2", "text"):
        assert _letters(wikitext(page)) == _letters(page)


def _letters(text: str) -> str:
    """Without white space and the stand-ins of WikiText."""
    return "".join(re.sub(r"@([-,.])@", r"\1", text).split())


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (" = Ann = \n \n She left . \n", " = Ann =\n\nShe left.\n"),
        ("the dogs ' 1 @.@ 5 m", "the dogs' 1.5 m"),
        ("= = = = Notes = = = =", "==== Notes ===="),
        ("( a ) [ b ] { c } \" d \" ' e '", "(a) [b] {c} \"d\" 'e'"),
        ("21 ° C , N N times the ship 's", "21°C, 1 N times the ship's"),
        ("in /' 7/ and /' 70/", "in /'[0-9]/ and /' 70/"),
    ],
)
def test_a_page_reads_as_the_harness_reads_it(page: str, text: str) -> None:
    assert wikitext_in_harness(page) == text == wikitext_detokenizer({"page": page})


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_page_reads_as_the_harness_reads_it(page: str) -> None:
    assert wikitext_in_harness(page) == wikitext_detokenizer({"page": page})


def test_the_wording_reads_so_and_counts_the_page_as_published() -> None:
    page = " = Ann = \n \n She read 1 @,@ 000 books . \n"
    (row,) = registry.get("wikitext2").rows([{"text": page}], "test")
    assert not isinstance(row, Rejected)
    theirs, main = (
        registry.get("wikitext2").wordings[LM_EVAL](row),
        registry.get("wikitext2").template(row),
    )
    assert theirs.target == wikitext_detokenizer({"page": page}) != main.target
    assert theirs.segments == main.segments == (page,)
