"""Content words of a passage, told by their shape alone, and passages of whole sentences.

There is no tagger: a content word here is of lower-case letters only, at least four, ends neither
in -ly nor in -ed and is none of ``FUNCTION_WORDS``. Most are nouns; names in code (``x_max``,
``DataFrame``) are not words.
"""

import re
from collections import Counter
from collections.abc import Iterator

from tasks_to_text.tasks.sentences import prose, whole

_FUNCTION_WORDS = """
    able about above according across after again against allow allows almost along also
    although always among another anything appear applies around available away became because
    become becomes been before behave behaves being below best better between beyond both bring
    calling calls came cannot causes certain change clear close come comes common complete
    computes consider contain contains correct correspond corresponding corresponds could create
    creates current defines describe describes different does doing done down during each either
    else enough ensure ensures entire equal even ever every everything exact example exist
    exists expect explicit fail fails far find finds first follow following follows form former
    found four from full further gets give given gives giving goes going good great greater half
    handle handles have having help helps hence here hold holds however identical ignores
    implement implements important include includes including indicate indicates inside instead
    into itself just keep keeps kept kind know known large larger largest last later latter
    least less like long longer look made main make makes making many matter mean means meant
    might missing more most much must near necessary needs neither never next none normal note
    nothing obtain occur occurs often once onto open optional other others otherwise outside
    over overall particular passes past perform performs place please possible prefer present
    prevent previous produce produces proper provide provides quite raise raises rather read
    ready real receive receives refer refers relevant remain remains represent represents
    require requires respect respective result return returning returns right said same
    satisfies satisfy second seen self separate several shall should show shown shows similar
    simple since single small smaller smallest some something sometimes soon special specific
    specifies specify start starts still such sure take taken takes taking than that their them
    themselves then there therefore these they thing things this those though three through thus
    time together towards true turn under unless unlike until upon useful user uses using usual
    valid various very want wants well were what whatever when whenever where whereas whether
    which while whole whose will with within without work works would write written wrong yield
    yields your
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Words that carry little of what a passage is about: function words, and the verbs and adjectives
that documentation is full of."""

_WORD = re.compile(r"(?<![\w.`'/-])[a-z]{4,}(?![\w`'/(-]|\.\w)")


def content_words(text: str) -> list[str]:
    """Content words in their order, repeated where they repeat.

    >>> content_words("This axis and `that` axis are usually x_max wide.")
    ['axis', 'axis', 'wide']
    """
    found = _WORD.findall(text)
    return [word for word in found if word not in FUNCTION_WORDS and word[-2:] not in ("ly", "ed")]


def most_frequent_word(text: str) -> str:
    """The content word that stands most often in the text, the last of them; "" without any."""
    words = content_words(text)
    counts = Counter(words)
    last = {word: i for i, word in enumerate(words)}
    return max(counts, key=lambda word: (counts[word], last[word]), default="")


def passages(text: str, *, n_bytes: int, min_sentences: int, min_words: int) -> Iterator[list[str]]:
    """Runs of whole sentences of prose, one after another, none longer than ``n_bytes``.

    ``min_words`` is that of a sentence. What is no prose, or no whole sentence, ends a run.
    """
    run: list[str] = []
    for one in _whole_sentences(text, min_words, n_bytes):
        if not one or _n_bytes([*run, one]) > n_bytes:
            if len(run) >= min_sentences:
                yield run
            run = []
        if one and _n_bytes([one]) <= n_bytes:
            run.append(one)
    if len(run) >= min_sentences:
        yield run


def _whole_sentences(text: str, min_words: int, max_characters: int) -> Iterator[str]:
    """Sentences of prose; "" stands for what is none."""
    for block in prose(text):
        for one in block:
            good = whole(one, min_words=min_words, max_characters=max_characters)
            yield one.text if good else ""
        if not block:
            yield ""


def _n_bytes(sentences: list[str]) -> int:
    return len(" ".join(sentences).encode())
