"""A small project of its own: a corpus of texts, and labelled rows that a small model can learn.

Words belong to topics; a text keeps to one topic, and a row's label is the topic of its words.
Everything is drawn from seeds, so that the same project is the same everywhere.
"""

import csv
import random
from pathlib import Path

TOPICS = {
    "sea": ["harbour", "tide", "lighthouse", "anchor", "sailor", "gull", "wave", "ferry"],
    "farm": ["orchard", "plough", "barn", "harvest", "shepherd", "tractor", "meadow", "hen"],
    "music": ["violin", "choir", "melody", "trumpet", "concert", "drummer", "rhythm", "piano"],
    "winter": ["snow", "frost", "sledge", "icicle", "blizzard", "glove", "chimney", "skater"],
}
VERBS = ["was", "stood", "waited", "turned", "moved", "seemed", "remained", "appeared"]
PLACES = ["quiet", "bright", "old", "distant", "narrow", "small", "heavy", "early"]
PROFILE = "mine"
DOCUMENTS, ROWS = 60, 400

TOML = """\
[profiles.mine]
base = "tiny"
about = "Topics of small texts."
corpora = ["texts"]
tasks = ["topic", "again"]
mixture = { corpus = 0.4, topic = 0.6 }
answer_weight = 10.0

[profiles.mine.overrides]
tokens = TOKENS
vocab_size = 512
n_layer = 1
n_head = 2
n_embd = 32
context_length = 64
documents = 5

[corpora.texts]
path = "data/texts"
licence = "own"
"""

TASK = '''\
"""The topic of a text."""

from tasks_to_text.kinds import classification
from tasks_to_text.source import Source

WORDS = {name: name for name in ("sea", "farm", "music", "winter")}


def task(name, question):
    return classification(
        name=name,
        description="The topic of a text; made up.",
        source=Source(
            path="data/labels.csv",
            splits={"train": "labels.csv"},
            hold_out={"validation": 0.15, "test": 0.15},
            licence="own",
        ),
        text="text",
        label="label",
        labels=WORDS,
        question=question,
        specimens=[{"text": "A quiet harbour waited.", "label": "sea"}],
    )


TASKS = [task("topic", "QUESTION"), task("again", "The topic is:")]
'''


def make_project(root: Path, *, tokens: int) -> Path:
    """Write the whole project; returns its folder."""
    for folder in (root / "tasks", root / "data" / "texts"):
        folder.mkdir(parents=True)
    (root / "generalist.toml").write_text(TOML.replace("TOKENS", str(tokens)))
    write_task(root, "Topic:")
    for number in range(DOCUMENTS):
        add_document(root, number)
    with (root / "data" / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        for number in range(ROWS):
            topic, text = _text(f"row {number}", sentences=2)
            rows.writerow((text, topic))
    return root


def write_task(root: Path, question: str) -> None:
    """The task file, with a question: another one is another template."""
    (root / "tasks" / "topic.py").write_text(TASK.replace("QUESTION", question))


def add_document(root: Path, number: int) -> None:
    """One more text of the corpus."""
    _, text = _text(f"document {number}", sentences=30)
    (root / "data" / "texts" / f"{number:04d}.txt").write_text(text)


def _text(seed: str, *, sentences: int) -> tuple[str, str]:
    """A topic, and sentences with its words."""
    draw = random.Random(seed)
    topic = draw.choice(sorted(TOPICS))
    nouns = TOPICS[topic]
    told = [
        f"The {draw.choice(PLACES)} {draw.choice(nouns)} {draw.choice(VERBS)} near the "
        f"{draw.choice(PLACES)} {draw.choice(nouns)}."
        for _ in range(sentences)
    ]
    return topic, " ".join(told)
