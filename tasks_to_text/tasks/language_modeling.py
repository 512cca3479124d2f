"""How likely running text is: the language-modeling data sets of GPT-2's Table 3, and whole novels.

A number of these says nothing without its unit and its window rule. The unit is that of the data
set as it is published: nats of all documents over all published words or bytes (``plain_text``'s
``original``), then exp or log₂, though the model reads natural text (Radford et al. 2019, §3.1). A
document is read in windows as long as the model's context that do not overlap (``rolling``), as
lm-evaluation-harness does; windows that overlap give lower numbers.

GPT-2's table cannot be had by any one such rule: WikiText-2 and WikiText-103 have the same test
text, and there 29.41 and 37.50. State yours with the number.
"""

from tasks_to_text.kinds import plain_text
from tasks_to_text.source import Source
from tasks_to_text.task import LM_EVAL, Row, Task
from tasks_to_text.tasks.detokenize import ONE_BILLION_WORDS as ONE_BILLION_WORDS_FORM
from tasks_to_text.tasks.detokenize import PTB as PTB_FORM
from tasks_to_text.tasks.detokenize import WIKITEXT, wikitext_in_harness
from tasks_to_text.tasks.running_text import articles, pieces, regrouped, runs

_END = "<eos>"
"""Counted as a word at the end of every sentence, where published perplexities count it."""


def with_ends(lines: str) -> str:
    """Sentences with the word that stands for the end of one.

    >>> with_ends("one two\\nthree\\n")
    'one two <eos> three <eos>'
    """
    return " ".join(f"{line.strip()} {_END}" for line in lines.splitlines() if line.strip())


def _wikitext(name: str, title: str, config: str, licence: str, specimen: Row) -> Task:
    lines = plain_text(
        name=name,
        siblings=("wikitext103" if name == "wikitext2" else "wikitext2",),
        description=f"Perplexity of featured Wikipedia articles ({title}; Merity et al. 2016), per "
        "published word; line ends are no words.",
        source=Source(
            hub="Salesforce/wikitext",
            config=config,
            mirror=f"tasks/{name}",
            splits={"validation": "validation", "test": "test"},
            licence=licence,
        ),
        text=lambda row: WIKITEXT.to_text(row["text"]),
        original="text",
        wordings={LM_EVAL: {"text": lambda row: wikitext_in_harness(row["text"])}},
        columns=("text",),
        unseen=True,
        specimens=(specimen,),
    )
    return regrouped(lines, "text", articles)


WIKITEXT2 = _wikitext(
    "wikitext2",
    "WikiText-2",
    "wikitext-2-v1",
    "CC BY-SA 3.0",
    {"text": ' = Ann = \n \n She read 1 @,@ 000 " well @-@ known " books , did n\'t she ? \n'},
)
"""An article is a document, also on the Hub, which has lines. The model reads natural text; words
and bytes are counted on the published one, ``<unk>`` included. With a word per line end, which many
count, the test split has 1.8 % more words (245,569).
"""
WIKITEXT103 = _wikitext(
    "wikitext103",
    "WikiText-103, raw",
    "wikitext-103-raw-v1",
    "CC BY-SA 3.0",
    {"text": " = Ann Lee = \n \n Her 2nd book sold 1 @,@ 000 times ( 2 @.@ 5 % of all ) . \n"},
)
"""The test text is that of WikiText-2, here with all words: nothing is ``<unk>``. The number of
published words is the same."""


def ptb_text(lines: str) -> str:
    """Sentences in natural text, each on a line that ends."""
    return "".join(f"{PTB_FORM.to_text(line)}\n" for line in lines.splitlines())


PTB = regrouped(
    plain_text(
        name="ptb",
        description="Perplexity of the Penn Treebank as language models are tested on it (Mikolov "
        "et al. 2010: 10,000 words, numbers as N), per published word; the end of a sentence is a "
        "word, a hundred sentences are a document.",
        source=Source(
            mirror="tasks/ptb",
            splits={"validation": "validation", "test": "test"},
            licence="LDC User Agreement for Non-Members",
        ),
        text=lambda row: ptb_text(row["sentence"]),
        original=lambda row: with_ends(row["sentence"]),
        columns=("sentence",),
        metrics=("word_perplexity",),
        unseen=True,
        specimens=({"sentence": "mr. <unk> does n't say\nit 's up $ N million\n"},),
    ),
    "sentence",
    runs,
)
"""``mr. <unk> does n't say`` becomes ``mr. <unk> doesn't say`` and a line end; five words are
counted for it, and a sixth for the end, as published perplexities do: the test split has 82,430.

The Hub has the corpus as a script only (``ptb-text-only/ptb_text_only``, whose schema this is): it
is read from a mirror. ``<unk>`` and ``N`` stay as they are; no natural text has them.
"""


ONE_BILLION_WORDS = plain_text(
    name="one_billion_words",
    description="Perplexity of news sentences in random order (One Billion Word Benchmark; Chelba "
    "et al. 2013), per published word; the end of a sentence is a word, each sentence a document.",
    source=Source(
        mirror="tasks/one_billion_words",
        splits={"test": "test"},
        licence="not stated (statmt.org: free for research use)",
    ),
    text=lambda row: f"{ONE_BILLION_WORDS_FORM.to_text(row['text'])}\n",
    original=lambda row: with_ends(row["text"]),
    columns=("text",),
    metrics=("word_perplexity",),
    unseen=True,
    specimens=({"text": '" We can \'t , " said Mr. Lee , who paid $ 1,000 .'},),
)
"""The schema is that of ``billion-word-benchmark/lm1b``, which the Hub has as a script only: it is
read from a mirror. Published numbers are for the first of the 50 held-out files."""


def _bytes(name: str, what: str, source: Source, specimen: str) -> Task:
    whole = plain_text(
        name=name,
        description=f"Bits per byte of {what}, as it is published; each 100,000 characters are a "
        "document.",
        source=source,
        text="text",
        metrics=("bits_per_byte", "byte_perplexity"),
        unseen=True,
        specimens=({"text": specimen},),
    )
    return regrouped(whole, "text", pieces)


ENWIK8 = _bytes(
    "enwik8",
    "the last five of the first hundred million bytes of a dump of the English Wikipedia, with all "
    "its marks (enwik8; Mahoney 2006)",
    Source(mirror="tasks/enwik8", splits={"test": "test"}, licence="GFDL"),
    '<page>\n    <title>Ann</title>\n    <id>1</id>\n  [[Book]]s &amp; "R\u00e9sum\u00e9"\n',
)
"""The unit is a byte of UTF-8. Records of the mirror are parts of the text, in order, with every
white space in its place; joined they are the published 5,000,000 bytes.

The Hub has the corpus as a script only (``LTCB/enwik8``).
"""

TEXT8 = _bytes(
    "text8",
    "the last five of a hundred million letters and spaces of the English Wikipedia (text8; "
    "Mahoney 2006)",
    Source(
        hub="afmck/text8",
        mirror="tasks/text8",
        splits={"validation": "validation", "test": "test"},
        licence="not stated (Wikipedia: GFDL)",
    ),
    "anarchism originated as a term of abuse first used against early working class radicals",
)
"""Letters a to z and single spaces: a character is a byte, so that bits per byte are the bits per
character of the literature."""

PPL_NOVELS = plain_text(
    name="ppl_novels",
    description="Bits per byte of four whole English novels (Schreiner 1883, Gissing 1893, Barclay "
    "1909, Ward 1920).",
    source=Source(
        mirror="tasks/ppl_novels",
        splits={"test": "test"},
        licence="public domain",
    ),
    text="text",
    group="title",
    metrics=("bits_per_byte", "word_perplexity"),
    unseen=True,
    specimens=({"title": "Ann", "text": "CHAPTER I\n\nShe read.\n\nHe did not."},),
)
"""A novel is a document: no text here is longer. Four groups make a wide interval."""
