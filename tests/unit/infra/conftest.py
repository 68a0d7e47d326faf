"""Fixtures that the tests of commands share."""

from collections.abc import Callable

import pytest


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    """The lines on standard output so far, without what a table is drawn with."""

    def lines() -> list[str]:
        drawn = str.maketrans(dict.fromkeys("┏━┳┓┃┡╇┩│└─┴┘", " "))
        stripped = (" ".join(line.translate(drawn).split()) for line in capsys.readouterr().out.splitlines())
        return [line for line in stripped if line]

    return lines
