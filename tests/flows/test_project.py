"""A project's folder: what it defines, what is refused and how; its rows become prompts."""

import csv
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import profiles
from flows.errors import ConfigError
from flows.places import fingerprints, places
from flows.project import Project, apply_spec, find_project, load_project, task_digest
from flows.project_file import OVERRIDES
from flows.shipped import quickstart, reference, tiny
from tasks_to_text import registry
from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.errors import DataError
from tasks_to_text.source import Source
from tasks_to_text.sources import Places, files
from tasks_to_text.store import read_examples

TOML = """
[profiles.mine]
base = "tiny"
about = "Topics."
corpora = ["notes"]
tasks = ["topic", "sentence_order"]
mixture = { corpus = 0.5, topic = 0.5 }
answer_weight = 3
[profiles.mine.overrides]
tokens = 30_000
seed = 7
threads = 1
n_embd = 32
n_head = 2
vocab_size = 700
learning_rate = 1e-3
max_test = 20
[corpora.notes]
path = "notes"
files = "**/*.md"
licence = "own"
"""
TASK = """
from tasks_to_text.kinds import classification
from tasks_to_text.source import Source

TASK = classification(
    name="topic",
    description="The topic.",
    source=Source(path="rows.csv", splits={"train": "rows.csv"},
                  hold_out={"validation": 0.2, "test": 0.2}),
    text="text", label="label", labels={"a": "apples", "b": "bees"}, question="Topic:",
    group="author",
    specimens=[{"text": "Sweet.", "label": "a", "author": "x"}],
)
"""


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No project is found but those that a test makes."""
    for name in ("GENERALIST_PROJECT", "GENERALIST_DATA", "PREFECT__FLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        if name.startswith("_generalist_"):
            del sys.modules[name]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A whole project: a profile, a task with 200 rows, a corpus of some pages."""
    root = tmp_path / "project"
    (root / "tasks").mkdir(parents=True)
    (root / "generalist.toml").write_text(TOML)
    (root / "tasks" / "topic.py").write_text(TASK)
    (root / "notes" / "deep").mkdir(parents=True)
    for i in range(12):
        (root / "notes" / "deep" / f"{i}.md").write_text(f"Page {i} says how bee {i} finds apple.")
    with (root / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "author"])
        writer.writerows(
            [f"Row {i} is short.", "ab"[i % 2], f"author {i % 40}"] for i in range(200)
        )
    return root


def changed(root: Path, old: str, new: str, file: str = "generalist.toml", named: str = "") -> str:
    """The message after one change of a file that was right; it names that file, or another."""
    path = root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ConfigError) as caught:
        project = load_project(root)
        for spec in project.profiles.values():
            apply_spec(spec, tiny(), project)
    assert str(root / (named or file)) in str(caught.value)
    return str(caught.value)


def test_a_project_becomes_a_profile(root: Path) -> None:
    project = load_project(root)
    profile = apply_spec(project.profiles["mine"], tiny(), project)
    assert (profile.name, profile.about) == ("mine", "Topics.")
    assert list(profile.corpora) == ["notes"] and not profile.reads_documentation
    assert profile.documentation == tiny().documentation  # sentence_order is made from it
    assert profile.catalogues is None
    assert [task.name for task in profile.tasks] == ["topic", "sentence_order"]
    streams = [(s.name, s.rate, s.target_weight) for s in profile.train.mixture]
    assert streams == [("corpus", 0.5, 1.0), ("topic", 0.5, 3.0)]
    assert profile.evaluation.tasks == ("topic", "sentence_order")
    assert profile.evaluation.mixture == ("topic",)


def test_overrides_reach_every_part(root: Path) -> None:
    project = load_project(root)
    profile = apply_spec(project.profiles["mine"], tiny(), project)
    assert profile.train.tokens == 30_000 and profile.train.warmup_tokens == 3_000
    assert profile.train.seed == 7 and profile.train.learning_rate == 1e-3
    assert profile.train.threads == profile.evaluation.threads == 1
    assert (profile.model.n_embd, profile.model.n_head, profile.model.n_layer) == (32, 2, 2)
    assert profile.model.vocab_size == profile.tokenizer.vocab_size == 700
    assert profile.convert.limit("topic", "test") == 20
    assert profile.convert.limit("topic", "train") == tiny().convert.max_train


def test_every_override_is_a_field_of_the_base() -> None:
    parts = tiny().train, tiny().model, tiny().tokenizer, tiny().convert, tiny().evaluation
    assert all(any(hasattr(part, name) for part in parts) for name in OVERRIDES)


def test_limits_of_the_base_stay_where_nothing_is_said(root: Path) -> None:
    project = load_project(root)
    profile = apply_spec(project.profiles["mine"], quickstart(), project)
    assert profile.convert.limit("sentence_order", "test") == 20
    (root / "generalist.toml").write_text(TOML.replace("max_test = 20\n", ""))
    project = load_project(root)
    profile = apply_spec(project.profiles["mine"], quickstart(), project)
    limit = quickstart().convert.limit("sentence_order", "test")
    assert profile.convert.limit("sentence_order", "test") == limit


def test_any_base_can_read_the_documentation(root: Path) -> None:
    text = TOML.replace('["notes"]', '["notes", "documentation"]')
    (root / "generalist.toml").write_text(text)
    project = load_project(root)
    profile = apply_spec(project.profiles["mine"], reference(), project)
    assert profile.reads_documentation and list(profile.corpora) == ["notes"]
    assert profile.documentation == quickstart().documentation


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[profiles.mine]", "[profiles.mine", "cannot be read as TOML: .*line 2"),
        ("[profiles.mine]", "[profile.mine]", r"profile=.*no such key; did you mean 'profiles'\?"),
        ("[profiles.mine]", "[profiles.tiny]", r"\[profiles.tiny\].*shipped"),
        ("[profiles.mine]", "[profiles.Mine_1]", r"\[profiles.Mine_1\].*lower-case"),
        ("[profiles.mine]", f"[profiles.{'m' * 41}]", "in at most 40 characters"),
        ("[profiles.mine]", "[profiles.my-champion]", "none of them champion or generalist"),
        ('base = "tiny"', 'base = "tinny"', r"base='tinny': did you mean 'tiny'\?"),
        ('base = "tiny"', "", "base is missing; give a text in quotes"),
        ('base = "tiny"', "base = 1", "base=1: must be a text in quotes"),
        ('about = "Topics."', 'abuot = "T"', r"abuot='T': no such key; did you mean 'about'\?"),
        ('["notes"]', '["note"]', r"corpora=\['note'\]: .*did you mean 'notes'\?"),
        ('["notes"]', '"notes"', "corpora='notes': must be a list of texts"),
        ('["notes"]', "[]", "corpora is missing"),
        ('"topic", "sent', '"topics", "sent', r"tasks=.*did you mean 'topic'\?"),
        ('"topic", "sent', '"topic", "topic", "sent', "tasks=.*name each once"),
        ("topic = 0.5", "topik = 0.5", r"mixture=.*did you mean 'topic'\?"),
        ("topic = 0.5", "topic = 0", "mixture=.*rates above 0"),
        ("topic = 0.5", "sentence_order = 0.5", "'sentence_order' is kept unseen"),
        ("corpus = 0.5, ", "", "mixture=.*give 'corpus' a rate"),
        (
            "answer_weight = 3",
            "answer_weight = true",
            "answer_weight=True: must be a finite number",
        ),
        ("answer_weight = 3", "answer_weight = -3", r"\[profiles.mine\].*target_weight=-3"),
        ("tokens = 30_000", "token = 1", r"mine.overrides\] token=1: .*did you mean 'tokens'\?"),
        ("tokens = 30_000", "tokens = 3e4", "tokens=30000.0: must be a whole number"),
        ("seed = 7", "compile = 1", "compile=1: must be true or false"),
        ("seed = 7", 'parallel = "ddpp"', "parallel=.ddpp.: use one of ddp, fsdp"),
        ("tokens = 30_000", "tokens = 10", r"\[profiles.mine\] overrides.tokens=10: use at least"),
        ("threads = 1", "threads = 100_000", "overrides.threads=100000: use at most 1024"),
        ("threads = 1", "documents = 2_000_000", "documents=2000000: use at most 1,000,000"),
        ("threads = 1", "context_length = 4", "context_length=4: use at least 8"),
        (
            "learning_rate = 1e-3",
            "learning_rate = inf",
            "learning_rate=inf: must be a finite number",
        ),
        ("answer_weight = 3", "answer_weight = nan", "answer_weight=nan: must be a finite"),
        ("corpus = 0.5", "corpus = nan", "mixture=.*rates above 0"),
        ("corpus = 0.5", "corpus = 1e-9", r"mine\] mixture=.*'corpus' gets 0 of 30,000 tokens"),
        ("corpus = 0.5", "corpus = 0.01", r"'corpus' gets 588 of .* one step .* takes 1,024"),
        ("n_head = 2", "n_head = 3", r"\[profiles.mine\] n_head=3: must divide n_embd=32"),
        ("[corpora.notes]", "[corpora.My-notes]", r"\[corpora.My-notes\].*lower-case"),
        ("[corpora.notes]", "[corpora.documentation]", "neither 'documentation' nor"),
        ('path = "notes"', 'paht = "notes"', r"paht='notes': no such key; did you mean 'path'\?"),
        ('path = "notes"', "", "source: nothing given; name one of path"),
        ('path = "notes"', 'hub = "a/b"\nrevision = "main"', "revision='main': give the 40"),
        ("licence", 'splits = { train = "*" }\nlicence', "files=.*leave it out, or splits"),
        ('files = "**/*.md"', "splits = { train = 1 }", "splits=.*in quotes"),
        ('files = "**/*.md"', 'splits = { dev = "*" }', "split 'dev'; use one of train"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(root: Path, old: str, new: str, message: str) -> None:
    said = changed(root, old, new)
    assert re.search(message, said), said


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("TASK = classification(", "TASK = classification(]", "topic.py, line 5: SyntaxError"),
        ('label="label"', "label=lable", "topic.py, line 10: NameError: name 'lable'"),
        ("import Source", "import Sauce", "topic.py, line 3: ImportError"),
        ('"Sweet."', "None", "topic.py, line 5: .*a specimen is rejected"),
        ("TASK = cl", "raise SystemExit('no')\nTASK = cl", "topic.py, line 5: SystemExit: no"),
        ("TASK = cl", "OTHER = cl", "define TASK = .* or TASKS = "),
        ("TASK = cl", "TASKS = 1\nTASK = cl", "one of the two"),
        ("TASK = cl", "TASKS = 7\nTOPIC = cl", "TASKS=7; give a list of tasks"),
        ("TASK = cl", "TASKS = []\nTOPIC = cl", "give a list of tasks"),
        ("TASK = cl", "TASKS = ['topic']\nTOPIC = cl", "'topic' is no task"),
        ('"topic"', '"package"', "task 'package' is shipped"),
        ('"topic"', '"corpus"', "the name is taken"),
        ('"topic"', '"documents"', "the name is taken"),
        ('"topic"', '"Topic"', "task name='Topic'"),
    ],
)
def test_what_is_wrong_in_a_task_is_said(root: Path, old: str, new: str, message: str) -> None:
    said = changed(root, old, new, "tasks/topic.py")
    assert re.search(message, said), said


def test_what_cannot_be_judged_is_refused(root: Path) -> None:
    split = 'hold_out={"validation": 0.2, "test": 0.2}'
    said = changed(root, split, 'hold_out={"test": 0.2}', "tasks/topic.py", "generalist.toml")
    assert re.search(r"mixture: 'topic' has no validation split.*hold_out", said), said
    unseen = "{ corpus = 0.5, sentence_order = 0.5 }"
    text = TOML.replace("{ corpus = 0.5, topic = 0.5 }", unseen).replace(
        "sentence_order", "package"
    )
    (root / "generalist.toml").write_text(text)
    project = load_project(root)
    apply_spec(project.profiles["mine"], tiny(), project)
    said = changed(
        root, 'hold_out={"test": 0.2}', "hold_out={}", "tasks/topic.py", "generalist.toml"
    )
    assert re.search("'topic' has neither a validation nor a test split.*hold_out", said), said


def test_two_files_cannot_define_the_same_task(root: Path) -> None:
    (root / "tasks" / "again.py").write_text(TASK)
    with pytest.raises(ConfigError, match=r"topic.py: task 'topic' is defined in .*again.py too"):
        load_project(root)


def test_a_file_may_define_several_tasks_and_helpers_are_left_alone(root: Path) -> None:
    other = TASK.replace("TASK = ", "OTHER = ").replace('"topic"', '"other"')
    (root / "tasks" / "topic.py").write_text(f"{TASK}{other}TASKS = (TASK, OTHER)\ndel TASK\n")
    (root / "tasks" / "_notes.py").write_text("raise RuntimeError")
    assert list(load_project(root).tasks) == ["topic", "other"]


def test_what_editors_and_systems_leave_is_passed_over(root: Path) -> None:
    (root / "tasks" / "._topic.py").write_bytes(b"\x00\x05\x16\x07")  # macOS
    (root / "tasks" / ".#topic.py").symlink_to("nobody@nowhere.1234")  # Emacs
    (root / "tasks" / "folder.py").mkdir()
    (root / "generalist.toml").write_text(TOML, encoding="utf-8-sig")
    project = load_project(root)
    assert list(project.tasks) == ["topic"] and list(project.profiles) == ["mine"]


def test_reading_a_project_leaves_no_trace(root: Path) -> None:
    path, before = list(sys.path), sorted(root.rglob("*"))
    load_project(root)
    assert sys.path == path and sorted(root.rglob("*")) == before
    assert "topic" not in sys.modules


def test_an_edit_counts_and_nothing_else_reads_again(root: Path) -> None:
    first = load_project(root)
    assert load_project(root) is first
    task, edited = root / "tasks" / "topic.py", TASK.replace("apples", "quince")
    task.write_text(edited)
    second = load_project(root)
    assert second is not first
    for project, text in ((first, TASK), (second, edited)):
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert task_digest(project.tasks["topic"]) == digest
    assert task_digest(registry.get("package")) == ""


def test_what_a_task_file_reads_belongs_to_its_digest(root: Path) -> None:
    names = root / "names.json"
    (root / "tasks" / "topic.py").write_text(f'READS = ("names.json",)\n{TASK}')
    with pytest.raises(ConfigError, match=r"topic.py: READS names 'names.json': there is no file"):
        load_project(root)
    names.write_text('["a"]')
    first = load_project(root)
    assert load_project(root) is first
    names.write_text('["a", "b"]')
    second = load_project(root)
    assert task_digest(second.tasks["topic"]) != task_digest(first.tasks["topic"])
    names.unlink()
    with pytest.raises(ConfigError, match="READS names 'names.json'"):
        load_project(root)
    (root / "tasks" / "topic.py").write_text(f'READS = "names.json"\n{TASK}')
    with pytest.raises(ConfigError, match="READS='names.json': give a list of paths"):
        load_project(root)


def test_a_project_is_found_by_the_variable_or_in_the_current_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_project() is None
    monkeypatch.setenv("GENERALIST_PROJECT", str(root))
    found = find_project()
    assert isinstance(found, Project) and found.root == root
    monkeypatch.setenv("GENERALIST_PROJECT", os.path.relpath(root))
    other = find_project()
    assert other is not None and other.root.samefile(root)
    monkeypatch.delenv("GENERALIST_PROJECT")
    monkeypatch.chdir(root)
    assert find_project() is found


def test_a_worker_needs_the_absolute_path(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", "1")
    monkeypatch.setenv("GENERALIST_PROJECT", os.path.relpath(root))
    with pytest.raises(ConfigError, match="GENERALIST_PROJECT='.*a worker needs an absolute path"):
        find_project()


def test_a_folder_without_a_project_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GENERALIST_PROJECT", str(tmp_path))
    with pytest.raises(ConfigError, match="there is no generalist.toml in it.*generalist init"):
        find_project()
    with pytest.raises(ConfigError, match="generalist.toml cannot be read"):
        load_project(tmp_path)


def test_profiles_of_the_project_stand_beside_the_shipped(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    assert profiles.names() == (*profiles.SHIPPED, "mine")
    assert profiles.load("mine").train.tokens == 30_000
    with pytest.raises(ConfigError, match="did you mean 'mine'"):
        profiles.load("mien")


@pytest.mark.parametrize("file", ["generalist.toml", "tasks/topic.py"])
def test_a_broken_project_spoils_nothing_but_itself(
    root: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.chdir(root)
    (root / file).write_text("broken (")
    assert profiles.names() == (*profiles.SHIPPED, *(["mine"] if file[0] == "t" else []))
    assert profiles.load("tiny").name == "tiny" and places({}).project == root
    with pytest.raises(ConfigError, match=file):
        profiles.load("mine")
    script = "from flows.convert import convert; print(convert.name)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "convert\n", done.stderr


def test_a_profile_of_shipped_tasks_executes_no_task_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    text = TOML.replace('"topic", ', '"package", ').replace("topic = 0.5", "package = 0.5")
    (root / "generalist.toml").write_text(text)
    (root / "tasks" / "topic.py").write_text("broken (")
    assert profiles.load("mine").mixture_tasks == ("package",)


def test_rows_of_the_project_become_prompts(root: Path, tmp_path: Path) -> None:
    with (root / "rows.csv").open("a") as file:
        file.write("Strange.,c,author 1\n")
    task = load_project(root).tasks["topic"]
    out = tmp_path / "prompts"
    out.mkdir()
    found = Places(project=root, mirror=None, products={})
    config = ConvertConfig(tasks=("topic",))
    counts = convert(config, [task], found, out, lambda done, total, what: None)
    by_split = {name: read_examples(out, "topic", name) for name in ("train", "validation", "test")}
    assert sum(map(len, by_split.values())) == 200 and all(by_split.values())
    authors = [{example.group for example in examples} for examples in by_split.values()]
    assert sum(map(len, authors)) == len(set.union(*authors)) == 40
    example = by_split["train"][0]
    assert example.prompt.endswith(" is short.\nTopic:")
    assert example.choices == (" apples", " bees") and example.target in example.choices
    bad = [split["bad"] for split in counts["tasks"]["topic"].values() if "bad" in split]
    assert {"label out of range": 1} in bad


def test_a_corpus_is_the_files_that_are_named(root: Path) -> None:
    (root / "notes" / "picture.png").write_bytes(b"\x89PNG")
    corpus = load_project(root).corpora["notes"]
    found = files(corpus.source, Places(project=root, mirror=None, products={}))
    assert len(found) == 12 and {path.suffix for path in found} == {".md"}
    assert (corpus.text, corpus.group, corpus.source.licence) == ("text", "", "own")


def test_a_file_name_that_is_not_utf8_is_named(root: Path) -> None:
    """Names in Latin-1 come with archives from other systems; Linux takes any bytes."""
    corpus, found = load_project(root).corpora["notes"], Places(project=root)
    try:
        Path(os.fsdecode(bytes(root / "notes") + b"/caf\xe9.md")).write_text("Coffee.")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    with pytest.raises(DataError, match=r"notes: .*'caf\\udce9.md' is not UTF-8: rename it"):
        files(corpus.source, found)


def test_every_source_has_its_own_checksums(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two configurations of one dataset have its name, and files of the same names."""
    monkeypatch.setenv("GENERALIST_DATA", str(root))
    for config in ("fr-en", "de-en"):
        (root / config).mkdir()
        (root / config / "test.jsonl").write_text(f'{{"config": "{config}"}}\n')
    sources = [Source(hub="a/b", config=name, mirror=name) for name in ("fr-en", "de-en")]
    french, german = fingerprints(sources)
    assert french != german and [*french] == [*german] == ["test.jsonl"]
    (root / "fr-en" / "test.jsonl").write_text('{"config": "changed"}\n')
    changed, same = fingerprints(sources)
    assert changed != french and same == german
