"""The exceptions of gptcore.

    GptcoreError
    ├── ConfigError (also ValueError)   a field, argument or combination that cannot work
    ├── DataError (also ValueError)     a document, shard or text that cannot be used
    ├── ProductError                    a product directory that is missing, broken or too new
    ├── CheckpointError                 no checkpoint can be read, or it belongs to another run
    ├── RunLocked                       another trainer holds the run directory
    └── TrainingError                   a training run that cannot go on (NaN, lost lock, no data)

Every message names the field, its value and the remedy. ``ValueError`` is a base of those that a
form can cause, so that pydantic, and with it Prefect, reports them as invalid input.
"""


class GptcoreError(Exception):
    """Root of everything that gptcore raises on purpose."""


class ConfigError(GptcoreError, ValueError):
    """A configuration that cannot work."""


class DataError(GptcoreError, ValueError):
    """Input text, ids or shards that cannot be used."""


class ProductError(GptcoreError):
    """A product directory that is missing, broken or written by a newer version."""


class CheckpointError(GptcoreError):
    """No checkpoint can be read, or it does not fit the run that asks for it."""


class RunLocked(GptcoreError):
    """Another trainer holds the run directory."""


class TrainingError(GptcoreError):
    """A training run that cannot go on."""
