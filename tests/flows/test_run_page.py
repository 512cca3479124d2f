"""What a flow run's page shows of progress: a server of our own answers, or does not."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import run_page
from flows.progress import ATTRIBUTE, Event
from flows.run_page import PageHandler, artifact_key

Asked = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """What a server was asked that takes artifacts, of stages however short, without delay."""
    heard: Asked = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)  # as a Prefect server without protection against CSRF

        def do_POST(self) -> None:
            self._take(
                {"id": "0199a8f0-0000-7000-8000-000000000000", "created": "2026-11-24T03:00:00Z"}
            )

        def do_PATCH(self) -> None:
            self._take({})

        def _take(self, answer: dict[str, Any]) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.command, json.loads(body)))
            text = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(run_page, "SECONDS", 0.05)
    monkeypatch.setattr(run_page, "_SHORT", -1.0)
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{server.server_port}/api"}):
        yield heard
    server.shutdown()
    server.server_close()


def say(handler: logging.Handler, **facts: Any) -> None:
    record = logging.LogRecord("flows", logging.DEBUG, "", 0, "", (), None)
    setattr(record, ATTRIBUTE, Event(label="run/My_profile-0123456789ab", **facts))
    handler.emit(record)


def settled(asked: Asked, number: int) -> None:
    deadline = time.monotonic() + 20
    while len(asked) < number and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(asked) >= number, asked


def test_a_stage_is_one_artifact_that_is_brought_up_to_date(asked: Asked) -> None:
    handler = PageHandler()
    say(handler, kind="started")
    say(handler, kind="progress", done=100, total=400, what="loss 3.100")
    settled(asked, 1)
    say(handler, kind="progress", done=200, total=400, what="loss 2.900")
    settled(asked, 2)
    say(handler, kind="finished", seconds=61.2)
    handler.close()
    methods = [method for method, _ in asked]
    assert methods == ["POST", *["PATCH"] * (len(asked) - 1)]
    first, second, last = asked[0][1], asked[1][1], asked[-1][1]
    assert first["key"] == "progress-run-my-profile" and first["data"] == 25.0
    assert second["data"] == 50.0 and "loss 2.900 · about 0:00:0" in second["description"]
    assert last["data"] == 100.0 and "done after 0:01:01" in last["description"]


def test_a_server_that_never_answers_holds_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import socket

    monkeypatch.setattr(run_page, "SECONDS", 0.01)
    monkeypatch.setattr(run_page, "_SHORT", -1.0)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/api"
        with temporary_settings({PREFECT_API_URL: url}):
            handler = PageHandler()
            say(handler, kind="started")
            began = time.monotonic()
            for done in range(1, 2000):
                say(handler, kind="progress", done=done, total=2000, what="tokens")
            assert time.monotonic() - began < 1.5
            time.sleep(0.1)
            began = time.monotonic()
            handler.close()
            assert time.monotonic() - began < run_page.END_SECONDS + 1


def test_keys_are_what_prefect_allows() -> None:
    assert artifact_key("scores", "Größe_1.3 B") == "scores-gr-e-1-3-b"
