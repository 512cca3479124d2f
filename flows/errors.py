"""The exceptions of flows.

    FlowsError
    ├── ConfigError (also ValueError)   a parameter, override or profile that cannot work
    ├── WorkspaceError                  a workspace that cannot be written, or is full
    ├── StoreError                      a shared store that cannot be used, or is damaged
    ├── TrainerError                    the trainer refused its job; its log says why
    │   └── TrainerCrashed              it ended of something else: the same command goes on
    └── TrainerStopped                  the trainer was stopped and left a checkpoint to go on from

Every message names the field or path, its value and the remedy.
"""


class FlowsError(Exception):
    """Root of everything that flows raises on purpose."""


class ConfigError(FlowsError, ValueError):
    """A parameter, an override or a profile that cannot work."""


class WorkspaceError(FlowsError):
    """A workspace that cannot be written, or whose disk is full."""


class StoreError(FlowsError):
    """A shared store that cannot be reached, or holds what is damaged."""


class TrainerError(FlowsError):
    """The trainer ended without finishing; the message quotes the end of its log."""


class TrainerCrashed(TrainerError):
    """Something killed the trainer; the same command goes on from its last checkpoint."""


class TrainerStopped(FlowsError):
    """The trainer was stopped from outside; the same command goes on from its checkpoint."""
