"""Each request, event and scheduled run says what it was and what it cost, in as few lines as EMF allows."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app import app
from chalicelib.bootstrap.container import using
from chalicelib.domain.errors import UnavailableError
from chalicelib.handlers.display_data import energy_reading_created_handler
from chalicelib.handlers.event_function import name_of
from chalicelib.handlers.sweeper import sweeper
from chalicelib.monitoring.memory import memory
from tests.functional.conftest import Api
from tests.functional.handlers.deployed import FUNCTIONS
from tests.functional.handlers.event_calls import Context, recorded
from tests.functional.handlers.scheduled_calls import SCHEDULE, later

Lines = Callable[[], list[dict[str, Any]]]
SIZE_MB = 100_000


@pytest.fixture(autouse=True)
def _a_limit_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "limit_mb", SIZE_MB)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """The EMF lines since the last look."""

    def printed() -> list[dict[str, Any]]:
        memory._looked_at = float("-inf")  # as if a second had gone by
        said = capsys.readouterr().out.splitlines()
        return [json.loads(line) for line in said if line.startswith('{"_aws"')]

    printed()
    return printed


def broken(error: type[Exception]) -> Any:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            def fail(*_: object, **__: object) -> None:
                raise error(name)

            return fail

    return Broken()


def test_a_request_is_counted_with_what_its_backend_took_in_one_line(api: Api, lines: Lines) -> None:
    assert api.request("GET", "/components/dashboard").status_code == 200
    (line,) = lines()
    assert (line["Requests"], line["ServerErrors"], line["BackendFailures"]) == ([1.0], [0.0], [0.0])
    assert line["BackendDuration"][0] > 0
    assert (line["component"], line["backend"], line["function"]) == ("dashboard", "old", "APIHandler")
    assert 0 < line["MemoryUsed"][0] < 100
    dimensions = [each["Dimensions"] for each in line["_aws"]["CloudWatchMetrics"]]
    assert sorted(dimensions) == [[["service"]], [["service", "component", "backend"]], [["service", "function"]]]


@pytest.mark.parametrize(
    ("path", "status", "errors"), [("/v2/nonsense", 404, 0.0), ("/v2/energy?limit=x", 422, 0.0), ("/health", 503, 1.0)]
)
def test_an_error_of_ours_is_counted_and_a_callers_mistake_is_not(
    api: Api, lines: Lines, path: str, status: int, errors: float
) -> None:
    api.store.down = True
    assert api.request("GET", path).status_code == status
    (line,) = lines()
    assert (line["Requests"], line["ServerErrors"]) == ([1.0], [errors])


def test_a_defect_is_a_server_error_and_unexpected(api: Api, lines: Lines) -> None:
    with using(replace(api.container, display=broken(RuntimeError))):
        assert api.request("GET", "/v2/display?type=power&year=2023&dataType=monthly").status_code == 500
    (line,) = lines()
    assert (line["ServerErrors"], line["UnexpectedErrors"]) == ([1.0], [1.0])


def test_an_event_is_counted_and_timed(api: Api, lines: Lines) -> None:
    event = recorded(api)
    lines()
    energy_reading_created_handler(event, Context())
    (line,) = lines()
    assert (line["EventsHandled"], line["EventsFailed"]) == ([1.0], [0.0])
    assert line["EventDuration"][0] > 0
    assert line["function"] == "EnergyReadingCreatedHandler"
    assert "MemoryUsed" in line
    assert "ScheduleRuns" not in line


def test_an_event_that_fails_or_is_none_is_counted_among_all_and_as_failed(api: Api, lines: Lines) -> None:
    event = recorded(api)
    lines()
    for damaged in (event, {"detail": "nothing"}):
        with using(replace(api.container, calculation=broken(UnavailableError))), pytest.raises(Exception):  # noqa: B017
            energy_reading_created_handler(damaged, Context())
        (line,) = lines()
        assert (line["EventsHandled"], line["EventsFailed"]) == ([1.0], [1.0])
        assert line["EventDuration"][0] > 0


def test_a_schedule_is_counted_when_it_is_done_and_not_when_it_fails(api: Api, lines: Lines) -> None:
    with later(api, 60_000):
        sweeper(SCHEDULE, Context())
    (line,) = lines()
    assert (line["function"], line["ScheduleRuns"]) == ("Sweeper", [1.0])
    assert "MemoryUsed" in line
    assert "EventsHandled" not in line
    api.store.down = True
    with later(api, 60_000), pytest.raises(UnavailableError):
        sweeper(SCHEDULE, Context())
    assert all("ScheduleRuns" not in line for line in lines())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_called_in_its_metrics_as_in_the_template(name: str) -> None:
    deployed: Any = app.handler_map[name]
    assert name_of(deployed.func._original_func) == name
