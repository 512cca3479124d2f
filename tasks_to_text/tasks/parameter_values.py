"""The type or the default value of a parameter, read out of a docstring's parameter section.

Reading comprehension: the answer stands word for word in the passage, which says the same of at
least one other parameter, differently: so the first type or default in sight is often wrong. The
type is what the docstring calls it; the default is that of the signature, where the docstring says
it too. Most questions are about types: few passages state two defaults.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent

from tasks_to_text.example import Example
from tasks_to_text.selection import seeded_digest
from tasks_to_text.task import Row, Split, Task
from tasks_to_text.tasks.wording import DOCUMENTATION, head_key

ASKED = ("default", "type")

_PASSAGE_BYTES = 380
_NAME_BYTES = 40
_ANSWER_BYTES = 40
"""Of an answer: 14 tokens of a small vocabulary."""
_ENTRY = re.compile(r"^(?P<indent> *)(?:[-*] +)?\*{0,2}`{0,2}(?P<name>\w+)`{0,2} *(?=[:(,])")
_QUALIFIER = re.compile(r"[,;]?\s*\(?[`*]*\b(?:optional|defaults?|required|keyword)\b.*")
_DEFAULT = r"[Dd]efaults?(?: value)?(?: is| to)?[\s:=`'\"(]*"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A parameter as its docstring describes it."""

    name: str
    text: str
    """Its lines, the indentation of the docstring left."""
    answers: Mapping[str, str]
    """What may be asked of it (``ASKED``) → the answer."""


def parameter_value_rows(records: Iterable[Row], split: Split) -> Iterator[Row]:
    """One question of each kind that fits, about every passage of a parameter section.

    Rows: id, group, passage, name, asked, answer.
    """
    for record in records:
        if len(record["documented"]) < 2:
            continue
        for number, entries in enumerate(_passages(_entries(record))):
            passage = dedent("\n".join(entry.text for entry in entries))
            for asked in ASKED:
                row_id = f"{record['id']}#{number} {asked}"
                able = [entry for entry in entries if asked in entry.answers]
                if len({entry.answers[asked] for entry in able}) > 1:
                    entry = min(able, key=lambda one: seeded_digest(row_id, one.name))
                    yield {
                        "id": row_id,
                        "group": record["group"],
                        "passage": passage,
                        "name": entry.name,
                        "asked": asked,
                        "answer": entry.answers[asked],
                    }


def _entries(record: Row) -> list[_Entry]:
    """The documented parameters that the text has a line for, in its order."""
    types = {one["name"]: one["type"] for one in record["documented"]}
    defaults = {one["name"]: one["default"] for one in record["parameters"]}
    lines = record["text"].splitlines()
    entries: list[_Entry] = []
    for i, line in enumerate(lines):
        found = _ENTRY.match(line)
        name = found["name"] if found else ""
        if found and name in types and all(name != one.name for one in entries):
            text = _block(lines, i, len(found["indent"]))
            answers = _answers(text, line[found.end() :], types[name], defaults.get(name, ""))
            entries.append(_Entry(name, text, answers))
    return entries


def _block(lines: Sequence[str], start: int, indent: int) -> str:
    """A line and the deeper ones below it, without blank lines at the end."""
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or lines[end][: indent + 1].isspace()):
        end += 1
    return "\n".join(lines[start:end]).rstrip()


def _answers(text: str, first_line: str, kind: str, default: str) -> dict[str, str]:
    """What may be asked of an entry and stands in it."""
    answers = {}
    kind = _QUALIFIER.sub("", kind).strip(" ,;.`")
    if kind and kind in first_line and len(kind.encode()) <= _ANSWER_BYTES:
        answers["type"] = kind
    value = default.strip("\"'")
    if not any(map(str.isalnum, value)) or len(value.encode()) > _ANSWER_BYTES:
        return answers
    if re.search(rf"{_DEFAULT}{re.escape(value)}(?!\w|\.\w)", text):
        answers["default"] = value
    return answers


def _passages(entries: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    """Runs of two or more entries, as many as fit; one that does not fit is left out."""
    run: list[_Entry] = []
    n_bytes = 0
    for entry in entries:
        size = len(entry.text.encode()) + 1
        if n_bytes + size > _PASSAGE_BYTES or len(entry.name) > _NAME_BYTES:
            if len(run) > 1:
                yield run
            run, n_bytes = [], 0
        if size <= _PASSAGE_BYTES and len(entry.name) <= _NAME_BYTES:
            run.append(entry)
            n_bytes += size
    if len(run) > 1:
        yield run


def parameter_value_keys(row: Row) -> tuple[str, ...]:
    """The question with the first eight words of the passage, and with the whole of its entry."""
    entry = re.search(rf"^ *\W*{re.escape(row['name'])}\b.*(?:\n.*)?", row["passage"], re.MULTILINE)
    line = " ".join((entry[0] if entry else "").lower().split())
    return (f"{row['asked']}: {head_key(row['passage'])}", f"{row['asked']}: {line}")


def parameter_value_example(row: Row) -> Example:
    """The template of ``parameter_value``.

    ``{passage: "x : int\\\\ny : str", name: "y", asked: "type", answer: "str"}`` becomes::

        x : int
        y : str
        Question: What is the type of y?
        Answer:

    with the target `` str``.
    """
    question = f"What is the {row['asked']} of {row['name']}?"
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=f"{row['passage']}\nQuestion: {question}\nAnswer:",
        target=f" {row['answer']}",
        references=(row["answer"],),
        segments=(row["passage"], question),
    )


def first_mention(example: Example) -> str:
    """The rule without a model: the first default or the first type of the passage, whosever."""
    passage, question = example.segments
    pattern = rf"{_DEFAULT}([^\s`'\"),;]+)" if "default" in question else r"[:(] *([^,;:)\n]+)"
    found = re.search(pattern, passage)
    return found[1].strip(" .`") if found else ""


PARAMETER_VALUE = Task(
    name="parameter_value",
    description="The type or the default of a parameter, read from a docstring's section on "
    "parameters; the words that stand there.",
    kind="reading comprehension",
    source=DOCUMENTATION,
    columns=("id", "group", "parameters", "documented", "text"),
    rows=parameter_value_rows,
    keys=parameter_value_keys,
    template=parameter_value_example,
    specimens=(
        {
            "id": "numpy:numpy.sum#0 type",
            "group": "numpy.sum",
            "passage": "a : array_like\n    What is summed.\naxis : int, default None",
            "name": "axis",
            "asked": "type",
            "answer": "int",
        },
    ),
    protocol="generation",
    metrics=("f1", "exact_match"),
    baselines={"first mention": first_mention},
    max_tokens=16,
)
