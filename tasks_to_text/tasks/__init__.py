"""The tasks, one module per family."""
