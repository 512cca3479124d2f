"""Whether MLflow's server answers: asked briefly before the heavy client is used, and remembered.

A server may be gone, or accept connections and never answer. Its client would wait ten seconds and
more at every call, so a server that did not answer counts as down for a while: whatever would tell
it something fails at once instead, and is told later. A database file is never asked.
"""

import os
import threading
import time

from flows.errors import FlowsError

VARIABLE = "MLFLOW_TRACKING_URI"
RETRY_SECONDS = 60.0
"""Before a server that did not answer is asked again."""
PROBE_SECONDS = 2.0
"""A server that has not answered by then is down."""

_down: dict[str, tuple[float, str]] = {}
"""Address → when it may be asked again, and why it is not before."""
_said: dict[str, float] = {}
"""Address → the outage of which a person was told, by its end."""
_LOCK = threading.Lock()


def need(uri: str) -> None:
    """FlowsError unless a store can be expected to answer; takes ``PROBE_SECONDS`` at the most."""
    if not is_server(uri):
        return
    until, why = _down.get(uri, (0.0, ""))
    if time.monotonic() < until:
        raise _cannot_be_used(uri, why)
    if why := _silent(uri):
        trip(uri, why)
        raise _cannot_be_used(uri, why)


def shown(uri: str) -> str:
    """A tracking address for a person's eyes: without a user and a password that stand in it.

    >>> shown("https://ann:secret@mlflow.internal/x")
    'https://mlflow.internal/x'
    """
    scheme, separator, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def is_server(uri: str) -> bool:
    """Whether a tracking address is that of a server."""
    return uri.startswith(("http://", "https://"))


def unsaid(uri: str) -> bool:
    """Whether a failure is worth a warning: of one outage it is so once, whoever asks first.

    A trainer's thread and the end of its run may find a server silent at the same moment.
    """
    with _LOCK:
        until, _ = _down.get(uri, (0.0, ""))
        if time.monotonic() >= until:  # it is there: the failure is of another kind
            return True
        first = _said.get(uri) != until
        _said[uri] = until
        return first


def trip(uri: str, why: str) -> None:
    """Count a server as down from now on, for a while."""
    if is_server(uri):
        with _LOCK:
            now = time.monotonic()
            if now >= _down.get(uri, (0.0, ""))[0]:
                _down[uri] = (now + RETRY_SECONDS, why)


def note(error: BaseException) -> None:
    """Count the server as down if an error is about the way to it."""
    uri, seen = os.environ.get(VARIABLE, ""), 0
    cause: BaseException | None = error
    while cause is not None and seen < 10:
        if _about_the_way(cause):
            trip(uri, _short(cause))
            return
        cause, seen = cause.__cause__ or cause.__context__, seen + 1


def _silent(uri: str) -> str:
    """Why a server gives no answer in time; "" where it does, whatever it says.

    Asked in a thread: the look-up of a name has no time limit of its own.
    """
    found = [f"no answer within {PROBE_SECONDS:g} s"]

    def ask() -> None:
        import requests

        try:
            address = f"{uri.rstrip('/')}/health"
            requests.get(address, timeout=PROBE_SECONDS, allow_redirects=False).close()
            found[0] = ""
        except requests.exceptions.SSLError:
            found[0] = ""  # it is there; its client has settings for this, and says what is wrong
        except requests.Timeout:
            return
        except requests.RequestException as error:
            found[0] = _short(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(1.5 * PROBE_SECONDS)
    return found[0]


def _about_the_way(error: BaseException) -> bool:
    from requests import ConnectionError as NoConnection
    from requests import Timeout

    return isinstance(error, NoConnection | Timeout)


def _short(error: BaseException) -> str:
    """The end of a chain of wrapped errors: what the system said."""
    told = str(error).strip().partition("\n")[0]
    return told.rpartition("[Errno")[2].partition("] ")[2].rstrip("')\" ") or told


def _cannot_be_used(uri: str, why: str) -> FlowsError:
    return FlowsError(
        f"MLflow's store {shown(uri)} cannot be used ({why}): start its server; what is "
        "missing there is logged by the next run"
    )
