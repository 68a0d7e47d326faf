"""What the tests of damages share."""

import pytest

from chalicelib.repositories import change_feed


@pytest.fixture(autouse=True)
def _nobody_waits_for_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that happened has happened when the sync job is called: it need not wait a second for more."""
    monkeypatch.setattr(change_feed, "AWAIT_MS", 50)
