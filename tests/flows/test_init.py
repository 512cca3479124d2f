"""``generalist init``: the folder that it writes works once the data is there; nothing is lost."""

import csv
import shutil
from pathlib import Path

import pytest

from flows.errors import ConfigError
from flows.init import FILES, init
from flows.plan import plan
from flows.profiles import get
from flows.project import load_project
from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.sources import Places
from tasks_to_text.store import read_examples


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GENERALIST_PROJECT", "GENERALIST_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def fill(directory: Path) -> None:
    """What a person copies there: rows with columns text and label, and a folder of notes."""
    with (directory / "data" / "labels.csv").open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        topics = ("bill", "login", "lost parcel")
        writer.writerows([f"Ticket {i} is about it.", topics[i % 3]] for i in range(150))
    (directory / "data" / "texts").mkdir()
    (directory / "data" / "texts" / "note.md").write_text("A note on how parcels travel. " * 40)


def test_it_writes_a_project_and_says_what_comes_next(capsys: pytest.CaptureFixture[str]) -> None:
    written = init(Path("mine"))
    assert written == [Path("mine") / name for name in FILES]
    assert all(path.read_text() for path in written)
    assert sorted(p.name for p in Path("mine").iterdir()) == ["data", "generalist.toml", "tasks"]
    assert [p.name for p in Path().iterdir()] == ["mine"]
    printed = capsys.readouterr().out
    for words in ("mine/data/labels.csv", "mine/data/texts", "generalist plan --profile mine"):
        assert words in printed


def test_the_command_that_comes_next_can_be_copied(capsys: pytest.CaptureFixture[str]) -> None:
    init(Path("my proj"))
    assert "\n  cd 'my proj'\n" in capsys.readouterr().out


def test_it_works_when_only_the_data_is_added(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    init(Path("mine"))
    fill(Path("mine"))
    monkeypatch.chdir("mine")
    profile = get("mine")
    assert profile.mixture_tasks == ("topic",) and "texts" in profile.corpora
    assert set(profile.evaluation.tasks) - set(profile.mixture_tasks)  # something stays unseen
    made = plan(profile, tmp_path / "workspace", timed=False)
    assert made.problems == []
    out = tmp_path / "prompts"
    out.mkdir()
    task = load_project(Path()).tasks["topic"]
    places = Places(project=Path.cwd(), mirror=None, products={})
    convert(ConvertConfig(tasks=("topic",)), [task], places, out, lambda *progress: None)
    sizes = [len(read_examples(out, "topic", name)) for name in ("train", "validation", "test")]
    assert sum(sizes) == 150 and sizes[0] > sizes[2] > sizes[1] > 0
    example = read_examples(out, "topic", "train")[0]
    assert example.choices == (" bill", " login", " lost parcel")
    assert example.prompt.endswith("\nTopic:")


def test_without_the_data_it_says_where_to_put_it() -> None:
    init(Path("mine"))
    with pytest.raises(ConfigError, match=r"tasks/topic.py, line \d+: .*labels.csv: put your rows"):
        load_project(Path("mine"))


@pytest.mark.parametrize("name", FILES)
def test_it_never_overwrites(name: str) -> None:
    there = Path("mine") / name
    there.parent.mkdir(parents=True)
    there.write_text("precious")
    before = sorted(Path().rglob("*"))
    with pytest.raises(ConfigError, match=f"mine/{name} is there already and stays as it is"):
        init(Path("mine"))
    assert there.read_text() == "precious" and sorted(Path().rglob("*")) == before


def test_a_folder_that_has_other_files_is_completed() -> None:
    Path("mine/data").mkdir(parents=True)
    Path("mine/data/labels.csv").write_text("text,label\na,b\nc,d\n")
    init(Path("mine"))
    assert Path("mine/data/labels.csv").read_text().startswith("text,label")
    assert list(load_project(Path("mine")).tasks) == ["topic"]
    assert [p.name for p in Path().iterdir()] == ["mine"]


def test_all_or_nothing() -> None:
    Path("mine").mkdir()
    Path("mine/tasks").write_text("a file where a folder should be")
    with pytest.raises(ConfigError, match="mine cannot be written"):
        init(Path("mine"))
    assert [str(p) for p in sorted(Path().rglob("*"))] == ["mine", "mine/tasks"]
    shutil.rmtree("mine")
    Path("mine").write_text("a file")
    with pytest.raises(ConfigError, match="mine cannot be written"):
        init(Path("mine"))
    assert Path("mine").read_text() == "a file"
