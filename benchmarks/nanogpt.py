"""nanoGPT's model, where ``NANOGPT`` names a checkout of it; none of its code is kept here."""

import contextlib
import importlib.util
import io
import os
from pathlib import Path
from typing import Any


def module() -> Any | None:
    """Its ``model.py``; None where ``NANOGPT`` is not set, an error where it names no checkout."""
    if not (place := os.environ.get("NANOGPT")):
        return None
    path = Path(place) / "model.py"
    if not path.exists():
        raise SystemExit(f"NANOGPT={place!r}: has no model.py; name a checkout of nanoGPT")
    spec = importlib.util.spec_from_file_location("nanogpt_model", path)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def quietly(make: Any) -> Any:
    """What ``make`` gives, without what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return make()
