"""Two workspaces that share a store: what comes over, what is refused, who may train."""

import hashlib
import json
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from flows import sharing
from flows.champion import Decision, champion_of, decisions, record
from flows.copies import newest_step, pull_checkpoint, push_checkpoint, push_product
from flows.errors import ConfigError, FlowsError, StoreError
from flows.lease import Lease, lease_seconds, newest_holder, take_lease
from flows.store import ABOUT, Store, current
from flows.workspace import Product, Workspace
from gptcore.manifest import FILE, object_digest

ENTRY = ("gptcore.manifest",)


class Unsteady(MemoryFileSystem):  # type: ignore[misc]
    """Objects in memory, that can be damaged on their way or be out of reach."""

    protocol = "unsteady"
    cachable = False
    down = False
    damaged_reads = 0
    uploads_left = -1
    """After so many no more are taken; -1: any number."""

    @classmethod
    def _answer(cls) -> None:
        if cls.down:
            raise ConnectionError("connection refused")

    def cat_file(self, path: str, *given: Any, **more: Any) -> bytes:
        self._answer()
        content: bytes = super().cat_file(path, *given, **more)
        return content

    def find(self, path: str, *given: Any, **more: Any) -> Any:
        self._answer()
        return super().find(path, *given, **more)

    def pipe_file(self, path: str, value: bytes, *given: Any, **more: Any) -> None:
        self._answer()
        super().pipe_file(path, value, *given, **more)

    def put_file(self, lpath: str, rpath: str, *given: Any, **more: Any) -> None:
        self._answer()
        if type(self).uploads_left == 0:
            raise ConnectionResetError("connection reset")
        type(self).uploads_left -= 1
        super().put_file(lpath, rpath, *given, **more)

    def get_file(self, rpath: str, lpath: str, *given: Any, **more: Any) -> None:
        self._answer()
        super().get_file(rpath, lpath, *given, **more)
        if type(self).damaged_reads > 0:
            type(self).damaged_reads -= 1
            Path(lpath).write_bytes(Path(lpath).read_bytes()[:-1])


fsspec.register_implementation("unsteady", Unsteady)


def opened(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("GENERALIST_STORE", url)
    monkeypatch.setattr("flows.progress.LOG.propagate", True)
    store = current()
    assert store is not None
    yield store
    Unsteady.down, Unsteady.damaged_reads, Unsteady.uploads_left = False, 0, -1
    MemoryFileSystem.store.clear()


@pytest.fixture(params=["file", "unsteady"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    """An empty store on a disk, and one in memory, named by the variable."""
    url = {"file": (tmp_path / "store").as_uri(), "unsteady": f"unsteady://{tmp_path.name}/team"}
    yield from opened(url[request.param], monkeypatch)


@pytest.fixture
def in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store that can be out of reach."""
    yield from opened(f"unsteady://{tmp_path.name}/team", monkeypatch)


@pytest.fixture
def hosts(tmp_path: Path) -> tuple[Workspace, Workspace]:
    return tuple(Workspace(tmp_path / name, minimum_free=0) for name in "ab")  # type: ignore[return-value]


def build(workspace: Workspace, text: str = "one", **changes: Any) -> Product:
    """A product of two files, one of them in a folder."""

    def body(out: Path) -> dict[str, int]:
        (out / "deep").mkdir()
        (out / "deep" / "text.txt").write_text(text)
        (out / "more.bin").write_bytes(bytes(1000))
        return {"characters": len(text)}

    settings: dict[str, Any] = {"config": {"text": text}, "inputs": {}, "entry": ENTRY}
    return workspace.product("documents", "small", **{**settings, "build": body, **changes})


def never(out: Path) -> dict[str, int]:
    pytest.fail(f"built again in {out}")


def place(product: Product) -> str:
    return f"{product.path.parent.name}/{product.path.name}"


def test_what_one_host_finished_another_gets_whole(
    store: Store, hosts: tuple[Workspace, Workspace]
) -> None:
    first, second = hosts
    made = build(first)
    brought = build(second, build=never)
    assert brought.reused and brought.manifest == made.manifest
    assert (brought.path / "deep" / "text.txt").read_text() == "one"
    assert list((second.root / ".building").iterdir()) == []
    assert store.sizes(place(made)).keys() == {"deep/text.txt", "more.bin", FILE}


def test_a_product_from_before_the_store_is_given_at_its_next_use(
    tmp_path: Path, hosts: tuple[Workspace, Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = hosts
    monkeypatch.delenv("GENERALIST_STORE", raising=False)
    build(first)
    monkeypatch.setenv("GENERALIST_STORE", (tmp_path / "late").as_uri())
    build(first, build=never)
    assert build(second, build=never).reused


def test_without_a_store_nothing_is_asked(
    hosts: tuple[Workspace, Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GENERALIST_STORE", raising=False)
    monkeypatch.setattr(
        "flows.store.Store.__init__", lambda *given: pytest.fail("a store was opened")
    )
    build(hosts[0])
    record(hosts[0], decision("k1", "2026-01-01T00:00:00+00:00"))
    assert decisions(hosts[0]) and sharing.others(hosts[0].root, "run", "any") == []


def test_a_download_that_is_damaged_once_is_asked_for_again(
    in_memory: Store, hosts: tuple[Workspace, Workspace]
) -> None:
    build(hosts[0])
    Unsteady.damaged_reads = 1
    assert (build(hosts[1], build=never).path / "deep" / "text.txt").read_text() == "one"


def test_an_object_that_is_damaged_in_the_store_is_refused(
    store: Store, hosts: tuple[Workspace, Workspace]
) -> None:
    made = build(hosts[0])
    for content in (bytes(999), bytes(999) + b"x"):
        store.write(f"{place(made)}/more.bin", content)
        with pytest.raises(StoreError, match=r"more\.bin is damaged in the store .*: remove"):
            build(hosts[1], build=never)
    assert not (hosts[1].root / "documents").exists()
    assert list((hosts[1].root / ".building").iterdir()) == []
    store.remove(place(made))  # as the message says
    build(hosts[0], build=never)
    assert build(hosts[1], build=never).reused


@pytest.mark.parametrize("name", ["../../outside", "/tmp/outside"])
def test_a_manifest_cannot_name_files_outside_its_product(
    name: str, store: Store, hosts: tuple[Workspace, Workspace]
) -> None:
    made = build(hosts[0])
    raw = json.loads((made.path / FILE).read_text())
    raw["files"][name] = hashlib.sha256(b"x").hexdigest()
    store.write(f"{place(made)}/{FILE}", json.dumps(raw).encode())
    with pytest.raises(StoreError, match="it names the file"):
        build(hosts[1], build=never)


def test_an_upload_that_breaks_off_shows_nothing_and_the_next_completes_it(
    in_memory: Store, hosts: tuple[Workspace, Workspace], caplog: pytest.LogCaptureFixture
) -> None:
    Unsteady.uploads_left = 1
    made = build(hosts[0])
    assert "the store does not have" in caplog.text and made.path.is_dir()
    assert FILE not in in_memory.sizes(place(made))
    Unsteady.uploads_left = -1
    assert not build(hosts[1]).reused, "half a product is none"
    in_memory.remove(place(made))
    build(hosts[0], build=never)
    shutil.rmtree(hosts[1].root / "documents")
    assert build(hosts[1], build=never).reused


def test_a_broken_product_is_brought_and_not_built_again(
    store: Store, hosts: tuple[Workspace, Workspace]
) -> None:
    made = build(hosts[0])
    (made.path / "more.bin").write_bytes(b"broken")
    assert build(hosts[0], build=never).manifest == made.manifest
    assert (made.path / "more.bin").read_bytes() == bytes(1000)


def test_a_store_that_is_out_of_reach_is_one_message_before_work_begins(
    in_memory: Store, hosts: tuple[Workspace, Workspace]
) -> None:
    Unsteady.down = True
    with pytest.raises(StoreError, match=r"GENERALIST_STORE=unsteady://.*connection refused"):
        build(hosts[0], build=never)
    with pytest.raises(StoreError, match="unset GENERALIST_STORE to work with what is here"):
        champion_of(hosts[0], "tiny")


def test_addresses_that_cannot_be_and_newer_stores_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url, why in {
        "bucket/prefix": "is no address",
        "nonsense://a/b": "cannot be opened",
        "file:///proc/none": "cannot take",
    }.items():
        monkeypatch.setenv("GENERALIST_STORE", url)
        with pytest.raises(StoreError, match=why):
            current()
    (tmp_path / ABOUT).write_text('{"format": 99}')
    with pytest.raises(StoreError, match="format 99 is newer"):
        Store(tmp_path.as_uri())
    assert Store("unsteady://user:secret@host/x").url == "unsteady://host/x"


def test_one_of_many_creates_an_object(store: Store) -> None:
    won: list[int] = []

    def contend(number: int) -> None:
        if store.create("one/only", str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=contend, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and store.read("one/only") == str(won[0]).encode()


def held(store: Store, name: str = "run/x-0") -> Lease:
    lease = take_lease(store, name)
    assert isinstance(lease, Lease)
    return lease


def taken_over(store: Store, name: str = "run/x-0") -> Lease:
    """The lease of a holder who is cut off for longer than it lasts."""
    while True:
        Unsteady.down = True
        time.sleep(0.4)
        Unsteady.down = False
        lease = take_lease(store, name)
        if isinstance(lease, Lease):  # else its holder was quicker
            return lease


def test_a_lease_has_one_holder_until_it_is_given_back(store: Store) -> None:
    lease = held(store)
    refused = take_lease(store, "run/x-0")
    assert not isinstance(refused, Lease) and "process" in refused.owner
    lease.give_back()
    second = held(store)
    newest = newest_holder(store, "run/x-0")
    assert newest is not None and newest.generation == 2
    second.give_back()
    assert len(store.sizes("leases/run/x-0")) == 1


def test_a_lease_is_refreshed_and_one_that_ran_out_is_taken_over(
    in_memory: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("flows.lease.SECONDS", 0.3)
    lease = held(in_memory)
    time.sleep(0.5)
    assert not isinstance(take_lease(in_memory, "run/x-0"), Lease), "it is refreshed"
    successor = taken_over(in_memory)
    assert lease.lost.wait(2)
    assert "was taken over by" in caplog.text and "is not refreshed" in caplog.text
    lease.give_back()
    assert not isinstance(take_lease(in_memory, "run/x-0"), Lease), "the successor has it still"
    successor.give_back()


def test_a_lease_whose_object_is_gone_while_it_is_looked_at_is_looked_at_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, read, asked = held(store), Store.read, []

    def late(self: Store, name: str) -> bytes | None:
        asked.append(name)
        return None if len(asked) == 1 else read(self, name)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "read", late)
        assert newest_holder(store, "run/x-0") is not None
    lease.give_back()


@pytest.mark.parametrize("given", ["0", "soon", "nan"])
def test_the_length_of_a_lease_is_seconds(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENERALIST_STORE_LEASE", given)
    with pytest.raises(ConfigError, match="give seconds"):
        lease_seconds()


def checkpoint(run: Path, step: int, content: bytes = b"weights") -> None:
    """A checkpoint as gptcore writes it, as far as its checksums go."""
    directory = run / "checkpoints" / f"step-{step:08d}"
    directory.mkdir(parents=True)
    (directory / "model.safetensors").write_bytes(content)
    files = {"model.safetensors": hashlib.sha256(content).hexdigest()}
    state = {"step": step, "generation": 0, "files": files}
    (directory / "state.json").write_text(json.dumps({**state, "digest": object_digest(state)}))


def train(workspace: Workspace, body: Callable[[Path], Any]) -> Product:
    def whole(out: Path) -> dict[str, Any]:
        body(out)
        (out / "weights").mkdir()
        (out / "weights" / "w").write_text("done")
        return {}

    options: dict[str, Any] = {"config": {}, "inputs": {}, "entry": ENTRY}
    return workspace.product(
        "run", "some", build=whole, content=("weights/*",), in_place=True, **options
    )


def test_a_run_goes_on_elsewhere_from_the_newest_checkpoint(
    store: Store, hosts: tuple[Workspace, Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.sharing.CHECKPOINT_SECONDS", 0.02)
    runs: list[Path] = []

    def interrupted(run: Path) -> None:
        runs.append(run)
        (run / "metrics.jsonl").write_text('{"step": 20}\n')
        for step in (10, 20):
            checkpoint(run, step)
            deadline = time.monotonic() + 10
            wanted = f"checkpoints/step-{step:08d}/state.json"
            name = f"run/{run.name}"
            while wanted not in store.sizes(name) and time.monotonic() < deadline:
                time.sleep(0.02)
        checkpoint(run, 30)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(hosts[0], interrupted)
    there = {name.split("/")[1] for name in store.sizes(f"run/{runs[0].name}/") if "step-" in name}
    assert there == {"step-00000030"}, "the last is given at the end, those before it removed"

    def resumed(run: Path) -> None:
        assert newest_step(run) == 30 and (run / "metrics.jsonl").read_text() == '{"step": 20}\n'

    made = train(hosts[1], resumed)
    assert not [name for name in store.sizes(place(made)) if name.startswith("checkpoints")]
    assert train(hosts[0], never).manifest == made.manifest
    holder = newest_holder(store, place(made))
    assert holder is not None and (holder.generation, holder.expires) == (2, 0.0)


def test_a_damaged_checkpoint_is_refused_and_an_older_one_is_left_there(
    store: Store, hosts: tuple[Workspace, Workspace]
) -> None:
    ours, theirs = (host.root / "run" / "some-0" for host in hosts)
    checkpoint(ours, 10)
    assert push_checkpoint(store, ours) == 10
    assert not pull_checkpoint(store, ours), "it is not past the one here"
    name = "run/some-0/checkpoints/step-00000010"
    store.write(f"{name}/model.safetensors", b"Weights")
    with pytest.raises(StoreError, match="model.safetensors is damaged"):
        pull_checkpoint(store, theirs)
    store.remove(f"{name}/state.json")
    assert not pull_checkpoint(store, theirs), "without its state it is none"
    checkpoint(theirs, 20)
    assert push_checkpoint(store, theirs) == 20 and pull_checkpoint(store, ours)
    assert newest_step(ours) == 20


def test_a_second_host_waits_and_takes_what_the_first_finished(
    store: Store,
    hosts: tuple[Workspace, Workspace],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="flows")
    monkeypatch.setattr("flows.sharing.WAIT_SECONDS", 0.1)
    begun, found = threading.Event(), []

    def slow(run: Path) -> None:
        begun.set()
        time.sleep(0.3)

    first = threading.Thread(target=lambda: found.append(train(hosts[0], slow)))
    first.start()
    assert begun.wait(10)
    assert train(hosts[1], never).reused
    first.join()
    assert "waiting for" in caplog.text and len(found) == 1


def test_training_goes_on_without_the_store_and_stops_for_a_successor(
    in_memory: Store,
    hosts: tuple[Workspace, Workspace],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("flows.sharing.CHECKPOINT_SECONDS", 0.02)
    monkeypatch.setattr("flows.lease.SECONDS", 0.3)

    def cut_off(run: Path) -> None:
        Unsteady.down = True
        checkpoint(run, 10)
        time.sleep(0.4)
        sharing.require_lease(run)
        taken = taken_over(in_memory, f"run/{run.name}")
        time.sleep(0.2)
        try:
            sharing.require_lease(run)
        finally:
            taken.give_back()

    with pytest.raises(FlowsError, match="another host has taken this run over"):
        train(hosts[0], cut_off)
    assert caplog.text.count("training goes on without the store") == 1


def decision(key: str, date: str, **changes: Any) -> Decision:
    given: dict[str, Any] = {
        "promoted": True, "reason": "r", "run": "run/some-0", "run_digest": "d",
        "evaluation": "evaluation/some-0",
    }  # fmt: skip
    return Decision(key=key, profile="tiny", date=date, **{**given, **changes})


def test_decisions_are_the_same_on_all_hosts_in_the_order_of_their_dates(
    store: Store, hosts: tuple[Workspace, Workspace]
) -> None:
    dates = [f"2026-01-0{day}T03:00:00+00:00" for day in range(1, 5)]
    record(hosts[1], decision("k2", dates[1]))
    record(hosts[0], decision("k1", dates[0]))
    record(hosts[1], decision("k4", dates[3]))
    record(hosts[0], decision("k3", dates[2]))
    for host in hosts:
        assert [one.key for one in decisions(host, "tiny")] == ["k1", "k2", "k3", "k4"]
    assert len(store.sizes("decisions/tiny")) == 4
    store.write("decisions/tiny/2026-broken.json", b"{")
    whole = json.dumps(decision("k5", dates[0]).plain()).encode()
    store.write("decisions/tiny/2026-of-another-name.json", whole)
    for _ in range(2):
        assert len(decisions(hosts[0])) == 4


def test_the_champion_of_another_host_is_brought(
    store: Store, hosts: tuple[Workspace, Workspace]
) -> None:
    run = train(hosts[0], lambda out: None)
    record(hosts[0], decision("k1", "2026-01-01T00:00:00+00:00", run=place(run)))
    champion = champion_of(hosts[1], "tiny")
    assert champion is not None and champion.manifest == run.manifest
    assert (champion.path / "weights" / "w").read_text() == "done"
    shutil.rmtree(champion.path)
    assert [one.key for one in sharing.others(hosts[1].root, "run", "some")] == [run.manifest.key]


def test_a_decision_is_given_after_an_outage_with_what_it_is_about(
    in_memory: Store, hosts: tuple[Workspace, Workspace], caplog: pytest.LogCaptureFixture
) -> None:
    run = train(hosts[0], lambda out: None)
    in_memory.remove(place(run))
    Unsteady.down = True
    with pytest.raises(StoreError):
        decisions(hosts[0])
    record(hosts[0], decision("k1", "2026-01-01T00:00:00+00:00", run=place(run)))
    Unsteady.down = False
    assert [one.key for one in decisions(hosts[0])] == ["k1"]
    champion = champion_of(hosts[1], "tiny")
    assert champion is not None and champion.digest == run.digest
    assert not push_product(in_memory, run.path)
