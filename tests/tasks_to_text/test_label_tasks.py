"""Published sets with a fixed set of labels: golden text of every wording, laws, bad rows.

The texts stand in ``golden_entailment`` and ``golden_labels``. What is said of whole datasets is
tested where they are: see ``test_reference_tasks``.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tasks_to_text import registry
from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.example import Example
from tasks_to_text.fields import Unusable
from tasks_to_text.kinds import rating
from tasks_to_text.source import Source
from tasks_to_text.sources import Places, read_rows
from tasks_to_text.task import Rejected
from tasks_to_text.tasks.reference import TASKS
from tasks_to_text.tasks.written import written
from tests.tasks_to_text import golden_entailment, golden_labels

Record = dict[str, Any]

GOLDEN = {**golden_entailment.GOLDEN, **golden_labels.GOLDEN}
ROWS: dict[str, Record] = {
    **golden_entailment.ROWS,
    **golden_labels.ROWS,
    "clinc_oos": {"text": "how  much leave is left", "intent": "pto_balance"},
}
SCORED = ("stsb", "sts_semeval")
LABELS: dict[str, tuple[str, tuple[Any, ...]]] = {
    **dict.fromkeys(
        ("snli", "breaking_nli", "mnli", "mnli_mismatched", "cb"), ("label", (0, 1, 2))
    ),
    **dict.fromkeys(
        ("rte", "pascal_rte", "qnli", "mrpc", "qqp", "sst2", "cola"), ("label", (0, 1))
    ),
    **dict.fromkeys(SCORED, ("label", (0, 1.4, 2.0, 3.2, 4, 5.0))),
    "scitail": ("label", ("entails", "neutral")),
    "sst5": ("label", (0, 1, 2, 3, 4)),
    "subj": ("label_text", ("subjective", "objective")),
    "ag_news": ("label", (0, 1, 2, 3)),
    "trec": ("coarse_label", (0, 1, 2, 3, 4, 5)),
    "snips": (
        "intent",
        (
            *("AddToPlaylist", "BookRestaurant", "GetWeather", "PlayMusic", "RateBook"),
            *("SearchCreativeWork", "SearchScreeningEvent"),
        ),
    ),
    "clinc_oos": ("intent", ("accept_reservations", "account_blocked", "alarm")),
}
"""Task → the column of its label, and labels in the order of the choices."""
SIZES: dict[str, tuple[int, ...]] = {
    "ag_news": (7600,),
    "breaking_nli": (8193,),
    "cb": (229, 21, 56),
    "clinc_oos": (15100, 3100, 5500),
    "cola": (7666, 885, 1043),
    "mrpc": (3706, 370, 1725),
    "pascal_rte": (1584, 183, 2400),
    "snips": (13124, 660, 700),
    "snli": (9842, 9824),
    "sst2": (6920, 872, 1821),
    "sst5": (8544, 1101, 2210),
    "sts_semeval": (10905, 1187, 1186),
    "subj": (7179, 821, 2000),
    "trec": (4939, 513, 500),
}
"""Task → rows of each of our splits in the mirror, train first; a hash decides what is held out."""
TEXTS = ("premise", "hypothesis", "sentence1", "sentence2", "question", "sentence", "question1")
TEXTS += ("question2", "text")
MISSING = (
    "field missing",
    "TypeError in a function of the task",
    "AttributeError in a function of the task",
)
"""What a null is called, where the task names the column and where a function of it reads it."""


def row_of(name: str, record: Record) -> Any:
    (row,) = registry.get(name).rows([record], "test")
    return row


def made(name: str, record: Record) -> dict[str, Example]:
    row = row_of(name, record)
    assert not isinstance(row, Rejected), row
    return {key: make(row) for key, make in registry.get(name).templates.items()}


def test_every_task_here_has_fixed_labels_and_two_more_wordings() -> None:
    assert set(ROWS) == {*GOLDEN, "clinc_oos"} == set(LABELS)
    assert set(ROWS) <= {task.name for task in TASKS if task.closed}
    assert all(len(registry.get(name).wordings) >= 2 for name in ROWS)


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_text(name: str) -> None:
    examples = made(name, ROWS[name])
    texts = {key: (one.prompt, one.choices, one.target) for key, one in examples.items()}
    assert texts == GOLDEN[name]


def test_golden_text_of_151_intents() -> None:
    examples = made("clinc_oos", ROWS["clinc_oos"])
    assert {key: one.text for key, one in examples.items()} == {
        "main": "how much leave is left\nIntent: paid time off balance.",
        "question": "how much leave is left\nWhat is this about? paid time off balance.",
        "statement": "how much leave is left\n"
        "The assistant files this under paid time off balance.",
    }
    choices = examples["main"].choices
    assert len(choices) == 151
    assert choices[:3] == (" accept reservations.", " account blocked.", " alarm.")
    assert choices[-3:] == (" who do you work for.", " who made you.", " yes.")
    assert " out of scope." in choices


@pytest.mark.parametrize("name", ROWS)
def test_a_label_decides_the_target_and_nothing_else(name: str) -> None:
    column, values = LABELS[name]
    for wording, template in registry.get(name).templates.items():
        examples = [template(row_of(name, {**ROWS[name], column: value})) for value in values]
        assert [one.gold for one in examples] == list(range(len(values))), wording
        for field in ("prompt", "choices", "segments", "contexts"):
            assert len({getattr(one, field) for one in examples}) == 1, (wording, field)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_without_its_label_or_text_is_counted_by_reason(name: str) -> None:
    column, _ = LABELS[name]

    def reason(change: Record) -> str:
        row = row_of(name, {**ROWS[name], **change})
        assert isinstance(row, Rejected)
        return row.reason

    unknown = "score out of range" if name in SCORED else "label out of range"
    assert reason({column: -1}) == reason({column: 151}) == unknown
    assert reason({column: None}) == "field missing"
    assert reason({column: [1]}) == "field is not text"
    read = [key for key in ROWS[name] if key in TEXTS and key in registry.get(name).columns]
    for key in read or ["sentence"]:
        assert reason({key: "  "}) == "field empty"
        assert reason({key: None}) in MISSING
        row = row_of(name, {at: value for at, value in ROWS[name].items() if at != key})
        assert isinstance(row, Rejected) and row.reason == "field missing"


def test_every_set_has_a_published_group() -> None:
    groups = {name: made(name, record)["main"].group for name, record in ROWS.items()}
    assert groups["mnli"] == "The law has two parts - one is old."
    assert groups["scitail"] == "Sugar melts ice."
    assert groups["qnli"] == "When did it open?"
    assert groups["mrpc"] == 'The "pies" do not fit .'
    assert groups["qqp"] == "Why is the sea salty?"
    assert groups["stsb"] == "A man dances."
    own = ("cb", "sst2", "sst5", "subj", "cola", "ag_news", "trec", "snips", "clinc_oos")
    assert all(made(name, ROWS[name])["main"].example_id == groups[name] for name in own)


def test_the_exact_score_stands_beside_the_nearest_number() -> None:
    for score, target, exact in (
        (3.799999952316284, " 4", "3.8"),
        (2.5, " 3", "2.5"),
        (0.49, " 0", "0.49"),
        (5, " 5", "5"),
        ("4.333", " 4", "4.333"),
    ):
        for example in made("stsb", {**ROWS["stsb"], "label": score}).values():
            assert (example.target, example.references) == (target, (exact,))
    for score, reason in (("high", "score is no number"), ("nan", "score out of range")):
        row = row_of("stsb", {**ROWS["stsb"], "label": score})
        assert isinstance(row, Rejected) and row.reason == reason


def test_a_rating_needs_a_scale() -> None:
    given: Record = {"first": "a", "second": "b", "score": "s", "question": "Alike?"}
    common: Record = {"name": "alike", "description": "A task.", "source": Source(path="a.csv")}
    specimens = [{"a": "One.", "b": "Two.", "s": 1}]
    with pytest.raises(ValueError, match="'alike': lowest=2, highest=2: give a scale"):
        rating(**given, **common, specimens=specimens, lowest=2, highest=2)
    task = rating(**given, **common, specimens=specimens, lowest=-1, highest=2)
    assert task.template(task.specimens[0]).choices == (" -1", " 0", " 1", " 2")
    assert (task.kind, task.symmetric, task.closed) == ("similarity", True, True)


def test_a_written_wording_keeps_white_space_and_refuses_labels_beyond_its_words() -> None:
    reader = written("{a} \n?", ("no", "yes"), lambda row: (row["a"],))
    shape = reader({"a": " b ", "label": 1})
    assert (shape.prompt, shape.choices, shape.target) == (" b  \n?", (" no", " yes"), " yes")
    with pytest.raises(Unusable, match="label out of range"):
        reader({"a": "b", "label": 2})


real_rows = pytest.mark.skipif(
    "GENERALIST_DATA" not in os.environ,
    reason="GENERALIST_DATA names no directory with the published rows",
)


def test_the_mirror_s_sets_are_known_by_their_size() -> None:
    assert set(SIZES) == {name for name in ROWS if registry.get(name).source.mirror}


@real_rows
@pytest.mark.parametrize("name", SIZES)
def test_every_published_row_is_read(name: str, tmp_path: Path) -> None:
    task, places = registry.get(name), Places(mirror=Path(os.environ["GENERALIST_DATA"]))
    few = ConvertConfig(tasks=(name,), max_train=50, max_validation=50, max_test=50)
    counts = convert(few, [task], places, tmp_path)["tasks"][name]
    splits = [counts[split] for split in task.source.all_splits]
    assert [split["rows"] for split in splits] == [split["records"] for split in splits]
    assert tuple(split["rows"] for split in splits) == SIZES[name]
    assert not any(split["bad"] for split in splits)
    assert all(split["examples"] == min(50, split["rows"]) for split in splits)


@real_rows
@pytest.mark.parametrize("name", SIZES)
def test_every_wording_of_published_rows_reads_the_same_fields(name: str) -> None:
    task, places = registry.get(name), Places(mirror=Path(os.environ["GENERALIST_DATA"]))
    records = read_rows(task.source, "test", columns=task.columns, places=places)[:200]
    for row in task.rows(records, "test"):
        assert not isinstance(row, Rejected)
        examples = [template(row) for template in task.templates.values()]
        assert len({(one.segments, one.gold, one.references) for one in examples}) == 1
        assert len({one.prompt for one in examples}) == len(examples)
