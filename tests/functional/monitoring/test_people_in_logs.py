"""Whatever goes wrong, nothing that a function prints, raises or logs says whose request or event it was."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from app import app
from chalicelib.bootstrap.container import container, using
from chalicelib.bootstrap.pseudonyms import random_pseudonyms
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.events.contracts import EnergyReadingsSynced
from chalicelib.domain.readings import EnergyType
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.handlers.account_eraser import account_eraser
from chalicelib.handlers.display_data import energy_reading_created_handler
from chalicelib.handlers.sweeper import sweeper
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.names import SERVICE
from chalicelib.monitoring.people import SOMEBODY, begin_call
from chalicelib.services.account.erasure import AccountErasureService
from tests.functional.conftest import Api
from tests.functional.handlers.event_calls import Context, envelope
from tests.functional.handlers.scheduled_calls import SCHEDULE, later
from tests.unit.flags.rollout import Rollout

MARKED, OTHER = "auth0|marked-7f3a91", "auth0|other-0c55d2"
READING = json.dumps({"type": "power", "date": "2023-01-31", "amount": 1000})
TEXT = f"E11000 duplicate key error, full error: {{'keyValue': {{'userId': {MARKED!r}, '_id': '{MARKED}|power'}}}}"
READS = sorted(
    path.replace("{id}", "0" * 24).replace("{flag}", "energy_table")
    for path, methods in app.routes.items()
    if "GET" in methods and not path.startswith(("/assets", "/ops", "/health"))
)
QUERY = {
    "/v2/display": "?type=power&year=2023&dataType=monthly",
    "/v1/monthly": "?type=power&year=2023",
    "/components/monthly_charts": "?type=power&year=2023",
}
Said = Callable[[], str]


class Breaking:
    """A part of the application of which every method fails as a driver does, with what it was given in the text."""

    def __init__(self, error: type[Exception] = RuntimeError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def fail(*given: object, **named: object) -> NoReturn:
            try:
                raise KeyError(TEXT)
            except KeyError as cause:
                raise self._error(f"{name} failed for {given!r} {named!r}: {TEXT}") from cause

        return fail


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Said:
    """What was printed since, to standard output and error, by loggers or directly; lines of loggers among it."""

    def printed() -> str:
        out, err = capfd.readouterr()
        return out + err

    printed()
    return printed


def check_nobody_is_named(text: str, *, something: str) -> None:
    assert something in text, text[-2000:]
    for person in (MARKED, OTHER):
        assert person not in text
        assert person.partition("-")[2] not in text, "not even a part"


def breaking(api: Api, **parts: Any) -> Any:
    return using(replace(api.container, **parts))


@pytest.mark.parametrize("error", [RuntimeError, UnavailableError])
@pytest.mark.parametrize("path", READS)
def test_a_read_that_breaks_names_nobody(api: Api, said: Said, path: str, error: type[Exception]) -> None:
    broken: Any = Breaking(error)
    parts = (
        "display",
        "old",
        "new",
        "queries",
        "exports",
        "configuration",
        "import_history",
        "router",
        "energy",
    )
    with breaking(api, **dict.fromkeys(parts, broken)):
        status = api.request("GET", path + QUERY.get(path, ""), user=MARKED).status_code
    assert status < 600
    check_nobody_is_named(said(), something="unexpected error" if status == 500 else '"status":')


@pytest.mark.parametrize(
    "version",
    [
        "v1",
        "v2",
    ],
)
def test_a_write_that_breaks_or_is_refused_names_nobody(api: Api, said: Said, version: str) -> None:
    for _ in range(2):
        api.request("POST", f"/{version}/energy", READING, user=MARKED)
    check_nobody_is_named(said(), something="DuplicateReadingError")
    api.request("POST", f"/{version}/energy", "{", user=MARKED)
    api.store.down = True
    assert api.request("POST", f"/{version}/energy", READING, user=MARKED).status_code == 503
    check_nobody_is_named(said(), something="UnavailableError")


def test_code_that_forgets_itself_names_nobody_who_calls(api: Api, said: Said) -> None:
    def summary(user_id: str, *_: object, **__: object) -> NoReturn:
        logger().warning(f"the cards of {user_id}")
        raise UnavailableError("later")

    with breaking(api, display=SimpleNamespace(summary=summary)):
        api.request("GET", "/v2/display?type=power&dataType=summary", user=MARKED)
    check_nobody_is_named(said(), something=f"the cards of {SOMEBODY}")


def test_an_unexpected_error_says_everything_else(api: Api, said: Said) -> None:
    with breaking(api, display=Breaking()):
        api.request("GET", "/v2/display?type=power&year=2023&dataType=monthly", user=MARKED)
    (line,) = [json.loads(line) for line in said().splitlines() if "unexpected error" in line]
    assert "RuntimeError: at chalicelib/api/" in line["exception"]
    assert "raise self._error(f" in line["exception"], "the frames have the code"
    assert (line["exception_name"], line["stack_trace"]["type"]) == ("RuntimeError", "RuntimeError")
    assert line["stack_trace"]["frames"]


def test_a_usage_row_or_a_decision_that_fails_names_nobody(api: Api, said: Said) -> None:
    broken: Any = Breaking()
    api.usage.insert = broken.insert  # type: ignore[method-assign]
    api.flags.should_use_new_backend = broken.should_use_new_backend  # type: ignore[method-assign]
    assert api.request("GET", "/components/dashboard", user=MARKED).status_code == 200
    text = said()
    check_nobody_is_named(text, something="usage of a backend was not noted")
    assert "no decision" in text


def test_events_that_cannot_be_sent_name_nobody(api: Api, said: Said) -> None:
    broken: Any = Breaking()
    publisher = EventBridgePublisher(lambda: broken, "bus", pause=lambda _: None)
    api.publisher.publish = publisher.publish  # type: ignore[method-assign]
    assert api.request("POST", "/v2/energy", READING, user=MARKED).status_code == 201
    text = said()
    check_nobody_is_named(text, something="events not published")
    assert "PutEvents failed" in text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"energy_table/explain?user={OTHER}", None),
        ("PATCH", "energy_table", {"addTestUserIds": [OTHER], "removeTestUserIds": [OTHER]}),
        ("PATCH", "energy_table", {"addBlockedUserIds": [OTHER, 7]}),
        ("PATCH", "energy_table", {"addBlockedUserIds": [OTHER]}),
    ],
)
def test_operators_name_people_and_the_log_does_not(
    api: Api, said: Said, method: str, path: str, body: dict[str, Any] | None
) -> None:
    content = json.dumps(body | {"reason": "a test"}) if body else ""
    for flags in (Rollout().flags, SimpleNamespace(overview=Breaking(), changes=Breaking())):
        with breaking(api, flags=flags):
            api.request(method, f"/ops/flags/{path}", content, user=MARKED, roles=("operator",))
    check_nobody_is_named(said(), something="/ops/flags/")


def event(**detail: Any) -> dict[str, Any]:
    """An event of the person; ``detail`` damages it."""
    change = {"type": "power", "sourceVersion": 1, "first": "2023-01-01T00:00:00Z", "last": "2023-01-01T00:00:00Z"}
    made = envelope(
        EnergyReadingsSynced.model_validate({"occurredAt": change["first"], "userId": MARKED, "meter": change})
    )
    return made | {"detail": made["detail"] | {"readingId": "1"} | detail}


EVENTS = {
    "its refresh breaks": event(),
    "it lacks what it must have": event(meter={"type": MARKED}),
    "its version is unknown": event(version=[MARKED]),
    "its envelope is none": event() | {"detail-type": [MARKED], "account": {MARKED: MARKED}},
    "it names somebody in a wrong way": event(userId=[MARKED]),
}


@pytest.mark.parametrize("error", [RuntimeError, UnavailableError])
@pytest.mark.parametrize("damaged", EVENTS)
def test_an_event_that_fails_names_nobody_nor_does_what_lambda_is_told(
    api: Api, said: Said, damaged: str, error: type[Exception]
) -> None:
    broken: Any = Breaking(error)
    with breaking(api, calculation=broken, recalculation=broken), pytest.raises(Exception) as caught:
        energy_reading_created_handler(EVENTS[damaged], Context())
    check_nobody_is_named(f"{said()} {caught.value!s} {caught.value!r}", something="event failed")


def test_what_lambda_is_told_has_the_name_of_the_error_and_where_it_was_raised(api: Api) -> None:
    with (
        breaking(api, calculation=Breaking()),
        pytest.raises(Exception, match=r"at chalicelib/handlers/display_data\.py:") as caught,
    ):
        energy_reading_created_handler(event(), Context())
    assert type(caught.value).__name__ == "RuntimeError"
    assert [entry.name for entry in caught.traceback][-1] == "fail"


def test_the_sweeper_names_a_failing_meter_by_a_pseudonym(api: Api, said: Said, monkeypatch: Any) -> None:
    api.request("POST", "/v2/energy", READING, user=MARKED)
    said()
    broken: Any = Breaking()
    with later(api, 60_000):
        monkeypatch.setattr(container().operations.sweeper, "_calculation", broken)
        assert sweeper(SCHEDULE, Context())["failed"] == 1
    text = said()
    check_nobody_is_named(text, something="a meter cannot be refreshed")
    (line,) = [json.loads(line) for line in text.splitlines() if "cannot be refreshed" in line]
    assert (line["meter"], line["error"]) == (f"{SOMEBODY}|{EnergyType.POWER}", "RuntimeError")


def test_an_erasure_that_waits_or_fails_names_nobody(api: Api, said: Said) -> None:
    for error in (UnavailableError, RuntimeError):
        place: Any = Breaking(error)
        place.name = "a place"
        erasure = AccountErasureService(api.ports.erasures, [place], random_pseudonyms(), api.container.clock)
        with breaking(api, erasure=erasure):
            assert api.request("DELETE", "/v2/account?confirm=erase", user=MARKED).status_code == 202
            begin_call()
            assert account_eraser(SCHEDULE, Context())["left"] == 1
    text = said()
    check_nobody_is_named(text, something="an erasure waits")
    assert "an erasure fails" in text


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
def test_an_ordinary_day_names_nobody(api: Api, said: Said, level: int) -> None:
    """Requests, events and a sweep that succeed, the log as talkative as it gets."""
    standard = logging.getLogger(SERVICE)
    before = standard.level
    standard.setLevel(level)
    try:
        assert api.request("POST", "/components/energy_forms", READING, user=MARKED).status_code == 201
        assert energy_reading_created_handler(envelope(api.publisher.events[-1]), Context()) == {"refreshed": 1}
        assert api.request("GET", "/components/dashboard", user=MARKED).status_code == 200
        api.store.stored.sync = SyncState(SyncMode.DUAL_WRITE)
        with later(api, 60_000):
            sweeper(SCHEDULE, Context())
    finally:
        standard.setLevel(before)
    check_nobody_is_named(said(), something="event handled")
