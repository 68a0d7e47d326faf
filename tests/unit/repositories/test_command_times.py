"""How long a command took is noted in milliseconds, by its collection."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.monitoring.metrics import flush, metrics
from chalicelib.repositories.command_times import CommandTimes


@pytest.mark.parametrize("end", [CommandTimes.succeeded, CommandTimes.failed])
def test_a_command_is_timed_in_milliseconds(end: Any, capsys: pytest.CaptureFixture[str]) -> None:
    metrics().clear_metrics()
    listener = CommandTimes()
    listener.started(cast(Any, SimpleNamespace(command_name="find", command={"find": "meters"}, request_id=7)))
    end(listener, SimpleNamespace(request_id=7, duration_micros=2_500_000))
    flush()
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "RepositoryDuration" in line]
    assert (line["collection"], line["RepositoryDuration"]) == ("meters", [2_500.0])
