"""A notification about every night, through a notification block of Prefect's.

Blocks are made in Prefect's UI (Slack, Teams, e-mail, any webhook …) and hold what is secret; a
flow gets the name only. A notification that cannot be sent costs a warning and at most
SEND_SECONDS, never the night; the warning does not quote the error, whose text may hold the address
of a webhook, which is as good as a password.
"""

import threading
from typing import TYPE_CHECKING, Any

from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block

from flows import report
from flows.errors import ConfigError
from flows.message import Message, failure_message, night_message
from flows.mlflow_records import evaluation_address
from flows.progress import LOG
from flows.project_file import nearest
from flows.stack_state import mlflow_address
from flows.stages import stage
from flows.workspace import Product, Workspace

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun, State

    from flows.promote import Outcome

SEND_SECONDS = 60.0
"""Time for a notification, all in all."""


def find_block(name: str) -> NotificationBlock:
    """The block that ``type/name`` means; ConfigError says what there is instead."""
    import prefect.blocks.notifications  # noqa: F401  (its types become known)

    kind, _, own = name.partition("/")
    kinds = sorted(_kinds(NotificationBlock))
    if not own or kind not in kinds:
        raise ConfigError(
            f"notify={name!r}: write type/name, such as slack-webhook/team; of the types "
            f"{nearest(kind, kinds)}"
        )
    try:
        block = Block.load(name)
    except ValueError as error:
        raise ConfigError(
            f"notify={name!r} cannot be loaded: there {_there(kind)}; make one in Prefect's UI "
            "under Blocks"
        ) from error
    assert isinstance(block, NotificationBlock)
    return block


def _kinds(base: type[Block]) -> set[str]:
    """The slugs of all types of a kind of block that are installed."""
    found = set()
    for one in base.__subclasses__():
        found |= _kinds(one)
        if not getattr(one, "__abstractmethods__", None) and one._block_type_name:
            found.add(one.get_block_type_slug())
    return found


def _there(kind: str) -> str:
    """Which blocks of a type the server has, in words."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        known = [one.name for one in client.read_block_documents_by_type(kind)]
    named = sorted(f"{kind}/{one}" for one in known if one)
    return f"are {', '.join(named)}" if named else f"is no {kind} yet"


def send(name: str, message: Message, *, seconds: float = SEND_SECONDS) -> bool:
    """Send a message through a block; False, and a warning, when that fails or takes too long."""
    failed: list[str] = []

    def work() -> None:
        try:
            deliver(find_block(name), message)
        except Exception as error:
            status = getattr(getattr(error, "response", None), "status_code", "")
            failed.append(f"{type(error).__name__} {status}".strip())

    thread = threading.Thread(target=work, daemon=True, name="notification")
    thread.start()
    thread.join(seconds)
    why = f"no answer within {seconds:.0f} s" if thread.is_alive() else "".join(failed)
    if why:
        LOG.warning("the notification %s was not sent (%s)", name, why)
    return not why


def deliver(block: NotificationBlock, message: Message) -> None:
    """Send a message; raises what the block raises. Some swallow errors unless they are told."""
    with block.raise_on_failure():
        told: Any = block.notify(message.body, message.subject)
    assert told is None, "it was awaited"


@stage("notification about {profile}")
def notified(profile: str, outcome: "Outcome", evaluation: Product, page: str, notify: str) -> None:
    """Tell a team how a night went."""
    workspace, decision = Workspace.open(), outcome.decision
    told = "promoted" if decision.promoted else "not promoted"
    message = night_message(
        profile,
        told if outcome.new else f"nothing new since {decision.date[:10]} ({told})",
        decision.reason,
        report.read_scores(evaluation.path),
        {
            "Report": page,
            "MLflow": evaluation_address(evaluation.path, mlflow_address(workspace.root)),
            "Flow run": _address(_current()),
        },
    )
    if send(notify, message):
        LOG.info("sent %r through %s", message.subject, notify)


def tell_failure(flow: "Flow[..., Any]", flow_run: "FlowRun", state: "State[Any]") -> None:
    """A hook of ``nightly``: tell the team that it failed or crashed."""
    notify = str(flow_run.parameters.get("notify") or "")
    if not notify:
        return
    profile = str(flow_run.parameters.get("profile", "quickstart"))
    links = {"Flow run": _address(str(flow_run.id))}
    send(notify, failure_message(profile, state.name or "failed", state.message or "", links))


def _current() -> str:
    from prefect.runtime import flow_run

    return str(flow_run.id or "")


def _address(flow_run_id: str) -> str:
    """The page of a flow run in Prefect's UI; "" where there is none."""
    from prefect.utilities.urls import url_for

    return (flow_run_id and url_for("flow-run", obj_id=flow_run_id)) or ""
