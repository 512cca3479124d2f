"""A browser that tests drive, and where its pictures go."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.flows.processes import ROOT

CHROMIUM = Path("/usr/bin/chromium")
ARTIFACTS = Path(os.environ.get("GENERALIST_TEST_ARTIFACTS", ROOT / "test-artifacts"))


@contextmanager
def browser_page(width: int = 1600, height: int = 1200) -> Iterator[Page]:
    """A page of Debian's Chromium, without a window; where there is none, the test is skipped.

    Not so where ``CI`` is set: there it fails.
    """
    if not CHROMIUM.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no {CHROMIUM}: install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(120_000)
            expect.set_options(timeout=120_000)
            yield page
        finally:
            browser.close()


def picture(page: Page, name: str) -> Path:
    """A picture of what the page shows, for people."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    path = ARTIFACTS / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}.png"
    page.screenshot(path=str(path))
    return path
