"""Starting Chromium for the tests: the machine's own, with the project's font, the same on every machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from infra.local import browser

FONTS = Path(__file__).with_name("fonts.conf")
OPTIONS = ["--font-render-hinting=none", "--disable-background-networking"]
USUAL: dict[str, Any] = {
    "locale": "en-GB",
    "timezone_id": "Europe/Berlin",
    "viewport": {"width": 1280, "height": 900},
    "color_scheme": "light",
    "reduced_motion": "no-preference",
    "service_workers": "block",  # but where a test is about them: they answer before a test can
}
NARROW = {"width": 320, "height": 640}


def required() -> None:
    """Without Chromium a person's tests are skipped, all in one line; CI's fail."""
    if browser.program() is None:
        missing = f"THERE IS NO CHROMIUM FOR THE BROWSER TESTS. {browser.REMEDY}"
        pytest.fail(missing, pytrace=False) if os.environ.get("CI") else pytest.skip(missing)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser for as long as the block runs."""
    with sync_playwright() as playwright:
        environment: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(FONTS)}
        running = playwright.chromium.launch(executable_path=browser.program(), args=OPTIONS, env=environment)
        yield running
        running.close()
