"""Settings of Prefect and MLflow that everything of ours is started with, unless the user's differ.

Prefect and MLflow read their environment when they are imported, so this module imports nothing.
The command line takes QUIET; whoever starts a server or a worker (``generalist up``, a systemd
unit, a compose file) takes SERVER_ENV or WORKER_ENV too.
"""

from collections.abc import Mapping

HEARTBEAT_SECONDS = 30
"""A flow run says so often that it lives; the least that Prefect takes."""

QUIET: Mapping[str, str] = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "flows",
    "PREFECT_LOGGING_HANDLERS_API_LEVEL": "INFO",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""No telemetry, no advertisement; the log of our stages goes to Prefect's server."""

COMMAND_ENV: Mapping[str, str] = {
    **QUIET,
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_CLIENT_MAX_RETRIES": "2",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}
"""Of a command that runs flows in its own process."""

SERVER_ENV: Mapping[str, str] = {
    **QUIET,
    # The pages of V2 call an analytics host from the browser.
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # How long what an automation waits for is remembered after its time. By default 60 s: a server
    # that was down longer forgets the flow runs that died with it, and they run for ever.
    "PREFECT_SERVER_EVENTS_EXPIRED_BUCKET_BUFFER": "P30D",
}
"""Of Prefect's and MLflow's servers."""

WORKER_ENV: Mapping[str, str] = {
    **QUIET,
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
    "PREFECT_WORKER_QUERY_SECONDS": "2",
}
"""Of a worker, which hands it on to the flow runs that it starts."""
