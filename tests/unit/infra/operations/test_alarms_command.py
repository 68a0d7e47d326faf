"""What the command ``alarms`` prints, and how it ends."""

import json

import pytest

from chalicelib.alarm_states.board import AlarmBoard
from infra import __main__ as command_line
from infra.targets.deployment import Deployment
from tests.fakes.alarms import FakeCloudWatch

SAYS = "[critical] Data differ. | look: python -m infra verify | act: python -m infra repair --apply"


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> FakeCloudWatch:
    """The CloudWatch of whatever deployment is asked for: one alarm rings, one does not."""
    cloudwatch = FakeCloudWatch()
    cloudwatch.add("stack-ServerErrors", "OK", "[critical] Requests fail.")
    cloudwatch.add("stack-DataDiffer", "ALARM", SAYS)
    monkeypatch.setattr(Deployment, "alarms", lambda _: AlarmBoard(lambda: cloudwatch, "stack"))
    return cloudwatch


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["alarms", "--stage", "nowhere", *arguments])
    return exited.value.code


def test_an_alarm_that_rings_says_since_when_and_why_and_both_commands(
    cloudwatch: FakeCloudWatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 1
    assert capsys.readouterr().out.splitlines() == [
        "stack-DataDiffer (critical) rings since 2024-05-01 00:01",
        "  Data differ.",
        "  ALARM because",
        "  look: python -m infra verify",
        "  act: python -m infra repair --apply",
        "1 alarm of 2 rings",
    ]
    cloudwatch.alarms.pop()
    assert run() == 0
    assert capsys.readouterr().out == "0 alarms of 1 ring\n"


def test_of_one_without_data_that_is_said_and_texts_come_out_as_they_are(
    cloudwatch: FakeCloudWatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloudwatch.alarms.clear()
    cloudwatch.add("stack-No[data]", "INSUFFICIENT_DATA", "[warning] None [yet]. | act: wait [here]")
    cloudwatch.add("stack-DataDiffer", "ALARM", SAYS)
    cloudwatch.add("stack-ServerErrors", "ALARM", "[critical] Requests fail.")
    assert run("--all") == 1
    lines = capsys.readouterr().out.splitlines()
    [silent] = [line for line in lines if line.startswith("stack-No[data]")]
    assert silent.startswith("stack-No[data] (warning) has no data since 2024-05-01 00:0")
    assert {"  None [yet].", "  act: wait [here]"} <= {*lines}
    assert lines[-1] == "2 alarms of 3 ring"


@pytest.mark.usefixtures("cloudwatch")
def test_silent_ones_are_listed_where_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--all") == 1
    assert "stack-ServerErrors (critical) is silent since 2024-05-01 00:00" in capsys.readouterr().out
    assert run("--all", "--json") == 1
    ringing, silent = json.loads(capsys.readouterr().out)
    assert (ringing["name"], ringing["state"], ringing["since"]) == (
        "stack-DataDiffer",
        "ALARM",
        "2024-05-01T00:01:00Z",
    )
    assert (silent["name"], silent["state"]) == ("stack-ServerErrors", "OK")


def test_a_cloudwatch_that_is_away_is_said(cloudwatch: FakeCloudWatch, capsys: pytest.CaptureFixture[str]) -> None:
    cloudwatch.down = True
    assert run() == 1
    assert "CloudWatch did not answer" in capsys.readouterr().err
