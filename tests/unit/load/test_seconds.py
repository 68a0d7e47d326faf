"""How long the load lasts: a number that a clock reaches."""

import pytest
from click.testing import CliRunner

from tests.load.__main__ import main


@pytest.mark.parametrize("seconds", ["4", "601", "nan", "inf"])
def test_a_length_of_time_that_cannot_be_is_refused(seconds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.load.__main__.in_process", lambda *_: pytest.fail("it began"))
    refused = CliRunner().invoke(main, env={"SECONDS": seconds})
    assert refused.exit_code == 2
    assert f"{seconds} cannot be: it takes a number, at least 5 and at most 600" in refused.output
