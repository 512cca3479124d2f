"""The catalogue is what the manifests say, however it came about; a question can only ask."""

import json
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from flows import catalogue as module
from flows import champion
from flows.catalogue import FILE, catalogue, reindex
from flows.errors import FlowsError
from flows.sql import SHOWN, show_sql
from flows.workspace import Workspace
from tasks_to_text.catalogue import Contents, write_catalogue
from tasks_to_text.database import ask
from tasks_to_text.errors import ConfigError
from tests.flows.catalogued import catalogued

ROOT = Path(__file__).parents[2]
QUESTIONS: list[tuple[str, str]] = re.findall(
    r"^### (\d+\. .*?)\n\n```sql\n(.*?)^```",
    (ROOT / "docs/sql.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return catalogued(tmp_path_factory.mktemp("catalogue") / "workspace")


@pytest.fixture(scope="module")
def asked(made: Workspace) -> Path:
    return catalogue(made)


@pytest.fixture
def workspace(made: Workspace, tmp_path: Path) -> Workspace:
    """A copy, for tests that change it."""
    shutil.copytree(made.root, tmp_path / "workspace", symlinks=True)
    return Workspace(tmp_path / "workspace", minimum_free=0)


def tables(path: Path) -> dict[str, list[Any]]:
    """Everything in a catalogue, in no particular order."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
        return {name: sorted(map(repr, connection.table(name).fetchall())) for name in names}


def value(path: Path, question: str) -> Any:
    return ask(path, question).rows[0][0]


def test_made_again_it_is_equal_and_so_it_is_appended_to(workspace: Workspace) -> None:
    first = tables(catalogue(workspace))
    assert len(first["products"]) == 9 and len(first["decisions"]) == 2
    assert len(first["items"]) == 732 + 304 and len(first["contamination"]) == 30
    assert tables(reindex(workspace)) == first, "twice is once"
    (workspace.root / FILE).unlink()
    assert tables(reindex(workspace)) == first, "nothing is in it that is not elsewhere"
    away = workspace.root.parent / "away"
    (report,) = (workspace.root / "contamination").iterdir()
    (workspace.root / "contamination").rename(away)
    without = tables(catalogue(workspace))
    assert without["contamination"] == [] and len(without["products"]) == 8
    away.rename(workspace.root / "contamination")
    assert tables(catalogue(workspace)) == first, "one product was appended"
    assert report.exists()


def test_what_it_has_already_is_not_appended_again(workspace: Workspace) -> None:
    path = catalogue(workspace)
    first = tables(path)
    stamps = module._stamps(workspace)
    entries = [*module._entries(workspace, stamps)] * 2
    decisions = [asdict(one) for one in champion.decisions(workspace)]
    contents = Contents(entries=entries, decisions=decisions, files=stamps)
    assert write_catalogue(path, contents, start=path) == []
    assert tables(path) == first
    assert write_catalogue(path, contents) == []
    assert tables(path) == first


def test_what_is_as_it_was_is_not_written_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = catalogue(workspace)
    status = path.stat()
    assert status.st_mode & 0o777 == 0o444
    assert catalogue(workspace).stat().st_ino == status.st_ino
    written: list[int] = []
    write = module.write_catalogue

    def watched(path: Path, contents: Any, **options: Any) -> list[str]:
        written.append(len(contents.entries))
        return write(path, contents, **options)

    monkeypatch.setattr(module, "write_catalogue", watched)
    with (workspace.root / "promotion.jsonl").open("a") as file:
        file.write(json.dumps({"no": "decision"}) + "\n")
    assert len(tables(catalogue(workspace))["decisions"]) == 2
    reindex(workspace)
    assert written == [0, 9], "a new decision reads no product again"


def test_a_broken_catalogue_or_one_of_another_schema_is_made_anew(workspace: Workspace) -> None:
    good = tables(catalogue(workspace))
    path = workspace.root / FILE
    for damage in (lambda: path.write_bytes(b"no database"), lambda: _another_schema(path)):
        path.chmod(0o644)
        damage()
        assert tables(catalogue(workspace)) == good


def _another_schema(path: Path) -> None:
    path.unlink()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE files (path VARCHAR, stamp VARCHAR)")
        connection.execute("INSERT INTO files VALUES ('catalogue.sql', 'older')")


def test_a_catalogue_that_another_program_writes_is_made_anew_beside_it(
    workspace: Workspace,
) -> None:
    good = tables(catalogue(workspace))
    path = workspace.root / FILE
    path.chmod(0o644)
    script = (
        "import duckdb, sys; connection = duckdb.connect(sys.argv[1]); "
        "connection.execute('CREATE TABLE mine (a INTEGER)'); print('open', flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"open\n"
        assert tables(catalogue(workspace)) == good
        other.communicate(b"\n")
    assert tables(path) == good


def test_a_damaged_product_costs_its_rows_and_no_more(workspace: Workspace) -> None:
    good = tables(catalogue(workspace))
    (report,) = (workspace.root / "contamination").iterdir()
    (report / "contamination.parquet").write_bytes(b"PAR1 broken")
    (prompts,) = (workspace.root / "prompts").iterdir()
    (prompts / "manifest.json").write_text("{")
    found = tables(reindex(workspace))
    assert found["contamination"] == found["prompts"] == found["sources"] == []
    assert found["items"] == good["items"] and len(found["products"]) == 8


def test_two_at_a_time_do_not_fight(workspace: Workspace) -> None:
    failed: list[BaseException] = []

    def ask_often() -> None:
        try:
            for _ in range(3):
                assert value(reindex(workspace), "SELECT count(*) FROM products") == 9
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=ask_often) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert not list(workspace.root.glob(".catalogue*"))


def test_columns_that_files_have_are_in_the_catalogue(made: Workspace) -> None:
    path = catalogue(made)
    assert value(path, "SELECT DISTINCT added_later FROM contamination") == "x"
    assert value(path, "SELECT DISTINCT template FROM items") == "main"
    assert value(path, """SELECT "values"['acc'] FROM items WHERE "values"['acc'] > 0""") == 1.0


def test_it_says_what_was_made_from_what(made: Workspace) -> None:
    path = catalogue(made)
    asked = "SELECT input FROM inputs JOIN decisions ON product = evaluation WHERE promoted AND "
    run = value(path, f"{asked} role = 'generalist'")
    assert run.startswith("run/first-")
    losses = "SELECT product, value FROM run_metrics WHERE metric = 'validation/loss'"
    assert dict(ask(path, losses).rows)[run] == 4.5
    when = value(path, "SELECT date FROM decisions WHERE promoted")
    assert when.isoformat() == "2026-11-23T03:00:00", "UTC"


# ------------------------------------------------------------------------------------- questions


def test_there_are_twenty_questions() -> None:
    assert [int(title.split(".")[0]) for title, _ in QUESTIONS] == list(range(1, 21))


NOT_HERE = {"2.": {"chance", "above_chance"}}
"""Columns that are empty here: what the small models never saw has no choices."""


@pytest.mark.parametrize(("title", "question"), QUESTIONS, ids=[title for title, _ in QUESTIONS])
def test_a_question_of_the_documentation_has_an_answer(
    title: str, question: str, asked: Path
) -> None:
    answer = ask(asked, question.replace("'sst2'", "'pick'"))
    assert answer.rows, title
    for place, column in enumerate(answer.columns):
        if column in NOT_HERE.get(title.split()[0], ()):
            continue
        assert any(row[place] is not None for row in answer.rows), f"{title}: {column}"


REFUSED = [
    "INSERT INTO products SELECT * FROM products",
    "DELETE FROM items",
    "DROP TABLE items",
    "CREATE TABLE t (a INTEGER)",
    "CREATE TEMP TABLE t (a INTEGER)",
    "ATTACH ':memory:' AS m",
    "ATTACH 'other.duckdb'",
    "COPY products TO 'out.csv'",
    "EXPORT DATABASE 'out'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "PRAGMA enable_profiling",
    "CALL pragma_version()",
    "SELECT 1; DROP TABLE items",
    "SELECT 1; SELECT 2",
    "",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM read_parquet('https://example.org/a.parquet')",
    "SELECT * FROM kinds",
    "EXPLAIN ANALYZE DELETE FROM items",
    "WITH a AS (DELETE FROM items RETURNING *) FROM a",
    "no SQL at all",
]


@pytest.mark.parametrize("question", REFUSED)
def test_a_question_cannot_leave_the_file_nor_change_it(question: str, asked: Path) -> None:
    before = asked.read_bytes()
    with pytest.raises(ConfigError) as refused:
        ask(asked, question)
    assert "root:" not in str(refused.value)
    assert asked.read_bytes() == before
    assert not Path("out.csv").exists() and not Path("out").exists()


def _printed(workspace: Workspace, question: str, form: Any = "table", prompts: str = "") -> str:
    console = Console(width=100)
    with console.capture() as captured:
        show_sql(console, workspace, question, form, prompts)
    return captured.get()


def test_an_answer_is_a_table_without_what_a_terminal_obeys(made: Workspace) -> None:
    said = _printed(made, "SELECT '[red]a' || chr(27) || '[2J' AS text, 1/3 AS third, NULL AS none")
    assert "[red]a�[2J" in said and "0.333333" in said
    many = _printed(made, f"FROM range({SHOWN + 5})")
    assert "and more rows: --format csv" in many and f" {SHOWN - 1} " in many
    assert f" {SHOWN} " not in many
    endless = "FROM range(1000000000000)"
    assert "and more rows" in _printed(made, endless), "no more is fetched than is shown"


def test_an_answer_is_csv_or_json_for_programs(
    made: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    question = "SELECT 'a,\"b' AS text, [1, 2] AS numbers, NULL AS none"
    _printed(made, question, "csv")
    assert capsys.readouterr().out == 'text,numbers,none\n"a,""b","[1, 2]",\n'
    _printed(made, question, "json")
    assert json.loads(capsys.readouterr().out) == [
        {"text": 'a,"b', "numbers": [1, 2], "none": None}
    ]
    _printed(made, "SELECT 'nan'::DOUBLE AS a, ['inf'::DOUBLE, 1.5] AS b", "json")
    assert json.loads(capsys.readouterr().out) == [{"a": None, "b": [None, 1.5]}]
    with pytest.raises(FlowsError, match="column a stands there twice: name one otherwise, by AS"):
        _printed(made, "SELECT 1 AS a, 2 AS a", "json")
    with pytest.raises(ConfigError, match=r"PIVOT with its values, ON … IN"):
        _printed(made, "PIVOT (SELECT 1 AS a, 2 AS b) ON a USING sum(b)")


def test_prompts_can_be_asked_instead(made: Workspace) -> None:
    assert "20" in _printed(
        made,
        "SELECT count(*) FROM prompts WHERE split = 'train' AND task = 'pick'",
        "table",
        "small",
    )
    with pytest.raises(FlowsError, match="no prompts of 'other' yet"):
        _printed(made, "SELECT 1", "table", "other")
