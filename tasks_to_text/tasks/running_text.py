"""Documents out of the records of corpora that are published line by line, or as one long text.

The length of a document decides how much a model sees before a word, so what is made of the records
belongs to the number. Pure functions of texts; no text is lost, as the laws in their docstrings
say.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tasks_to_text.task import Rejected, Row, Split, Task

Regroup = Callable[[Iterable[str]], Iterator[str]]
"""Texts of records, in order → texts of documents."""

_HEADING = re.compile(r"\s*= [^=\s](?:.*[^=\s])? =\s*")
_PIECE = 100_000


def articles(texts: Iterable[str]) -> Iterator[str]:
    r"""Articles of WikiText, out of records that hold a line or several.

    An article starts at a heading of the first level (`` = Title = ``) that stands between blank
    lines; formulas such as `` = 1 k = `` do not. What comes before the first one is an article of
    its own unless it is blank. Law: the lines of all articles are those of all records; a blank
    line is one space, and every line has its end, as in the published files; the last of all has
    one where its record has.

    >>> list(articles(["", " = Ann = \n", "", " = = Life = = \n", "", " Text . \n"]))
    [' = Ann = \n \n = = Life = = \n \n Text . \n']
    """
    lines, ends = [], True
    for text in texts:
        own = text.removesuffix("\n").split("\n")
        lines += [line if line.strip() else " " for line in own]
        ends = text.endswith("\n") or not text.strip()
    starts = [i for i in range(len(lines)) if _starts_article(lines, i)]
    for start, end in zip([0, *starts], [*starts, len(lines)], strict=True):
        article = "\n".join(lines[start:end])
        if article.strip():
            yield f"{article}\n" if ends or end < len(lines) else article


def _starts_article(lines: list[str], i: int) -> bool:
    around = (*lines[max(0, i - 1) : i], *lines[i + 1 : i + 2])
    return bool(_HEADING.fullmatch(lines[i])) and not any(line.strip() for line in around)


def pieces(texts: Iterable[str], size: int = _PIECE) -> Iterator[str]:
    r"""One long text in pieces of at most ``size`` characters, cut after white space if there is
    any. Law: joined, the pieces are the texts joined.

    >>> list(pieces(["one two ", "three\nfour"], 9))
    ['one two ', 'three\n', 'four']
    """
    whole = "".join(texts)
    start = 0
    while start < len(whole):
        end = min(start + size, len(whole))
        if end < len(whole):
            cut = max(whole.rfind(space, start, end) for space in " \n") + 1
            end = cut or end
        yield whole[start:end]
        start = end


def runs(texts: Iterable[str], n: int = 100) -> Iterator[str]:
    r"""Sentences that follow each other, ``n`` a document, each on a line that ends.

    >>> list(runs([" one \n", "", "two", "three"], 2))
    ['one\ntwo\n', 'three\n']
    """
    lines = [line for text in texts if (line := text.strip())]
    for start in range(0, len(lines), n):
        yield "".join(f"{line}\n" for line in lines[start : start + n])


@dataclass(frozen=True, kw_only=True, slots=True)
class Regrouped:
    """The rows of a task whose documents are not its source's records."""

    task: Task
    """What is made of a document: its ``rows`` read the same column."""
    column: str
    """The column with the text."""
    regroup: Regroup
    """Records' texts → documents."""

    def __call__(self, records: Iterable[Row], split: Split) -> Iterator[Row | Rejected]:
        """The row of each document, after what is no text and therefore rejected."""
        texts = []
        for number, record in enumerate(records, start=1):
            text = record.get(self.column)
            if isinstance(text, str):
                texts.append(text)
            else:
                reason = "field missing" if text is None else "field is not text"
                yield Rejected(reason=reason, where=f"record {number} of {split}: {self.column}")
        yield from self.task.rows(({self.column: text} for text in self.regroup(texts)), split)


def regrouped(task: Task, column: str, regroup: Regroup) -> Task:
    """The same task, whose documents are made of all records together."""
    return dataclasses.replace(task, rows=Regrouped(task=task, column=column, regroup=regroup))
