"""What a team is told of a night, and that it never costs the night: over real loopback HTTP."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from prefect.blocks.abstract import NotificationError
from prefect.blocks.notifications import CustomWebhookNotificationBlock, SlackWebhook

from flows.errors import ConfigError
from flows.message import TASKS, failure_message, night_message
from flows.notify import deliver, find_block
from flows.report import lines
from tests.flows.night import many_scores
from tests.flows.processes import free_port

LINKS = {"Report": "http://mlflow/#/page", "MLflow": "", "Flow run": "http://prefect/run"}


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that takes messages; yields its address and what it got."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/secret", got
    finally:
        server.shutdown()
        server.server_close()


def block(url: str) -> CustomWebhookNotificationBlock:
    return CustomWebhookNotificationBlock(
        name="team", url=url, json_data={"title": "{{subject}}", "text": "{{body}}"}
    )


def test_a_night_is_told_in_a_few_lines() -> None:
    message = night_message("tiny", "promoted", "all is better", many_scores(), LINKS)
    with webhook() as (url, got):
        deliver(block(url), message)
    assert got == [{"title": "Generalist, tiny: promoted", "text": message.body}]
    _, table, rest = message.body.split("```")
    shown = [line for line in lines(many_scores(), (), "test") if line.own][:TASKS]
    for row, line in zip(table.strip().splitlines(), shown, strict=True):
        assert row.startswith(line.task) and "[" in row and "–" in row
    assert "continuation" in table and "choices only .281" in table
    assert "Report: http://mlflow/#/page" in rest and "MLflow" not in rest
    assert "All is better." in message.body and "more in the report" in rest


def test_without_scores_the_reason_and_the_links_are_told() -> None:
    message = night_message("tiny", "not promoted", "why", [], LINKS)
    assert "```" not in message.body and "Why." in message.body and "Flow run" in message.body


def test_a_failure_is_told_in_bounds() -> None:
    message = failure_message("tiny", "Failed", "x" * 10_000, LINKS)
    assert "The champion stays" in message.body and len(message.body) < 2000
    assert message.subject == "Generalist, tiny: the nightly Failed"


def test_a_server_that_refuses_is_an_error_of_the_block() -> None:
    with webhook(status=500) as (url, got), pytest.raises(httpx.HTTPStatusError):
        deliver(block(url), failure_message("tiny", "Failed", "why", {}))
    assert len(got) == 1


def test_a_block_that_swallows_errors_is_told_to_raise() -> None:
    message = failure_message("tiny", "Failed", "why", {})
    with webhook() as (url, got):
        deliver(SlackWebhook(url=url.replace("http://", "json://")), message)
    assert message.body in got[0]["message"] and got[0]["title"] == message.subject
    nobody = SlackWebhook(url=f"json://127.0.0.1:{free_port()}")
    with pytest.raises(NotificationError):
        deliver(nobody, message)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("team", "write type/name"),
        ("slack-webhok/team", "did you mean 'slack-webhook'?"),
        ("secret/team", "write type/name"),
    ],
)
def test_a_name_that_can_be_no_notification_block_is_refused(name: str, hint: str) -> None:
    with pytest.raises(ConfigError, match="notify=") as error:
        find_block(name)
    assert hint in str(error.value)
