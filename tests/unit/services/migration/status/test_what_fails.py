"""Each part of the status fails alone: what cannot be looked at is said, everything else is shown."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.bootstrap.status import status_service
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.services.migration.evidence.looking import LOOK_SECONDS, PATIENCE_MS, Looks, Problem
from tests.unit.services.migration.status.system import AWAY, FORMS, System

ONE = [
    ("sync_control", "stop", {"sync"}),
    ("sync_control", "verified", {"verify"}),
    ("lagging", "outdated", {"display"}),
    ("comparisons", "report", {"components[].comparisons"}),
    ("feedback", "report", {"components[].feedback"}),
    ("flag_history", "changes", {"components[].lastChange"}),
    ("erasures", "unfinished", {"erasures"}),
    ("records", "drill", {"drill"}),
    ("records", "not_published", {"eventsNotPublished"}),
    ("records", "open_migrations", {"migrations"}),
]


def problems(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Which parts say that they could not be looked at, and why."""
    if isinstance(value, dict):
        if "problem" in value:
            yield path, value["problem"]
            assert [name for name, item in value.items() if item is not None] == ["command", "problem"]
        for name, item in value.items():
            yield from problems(item, f"{path}.{name}".strip("."))
    elif isinstance(value, list):
        for item in value:
            yield from problems(item, f"{path}[]")


@contextmanager
def failing(target: object, name: str, error: Exception) -> Iterator[None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, name, fail)
        yield


@pytest.mark.parametrize(("port", "method", "parts"), ONE)
def test_a_part_that_cannot_be_looked_at_fails_alone(system: System, port: str, method: str, parts: set[str]) -> None:
    with failing(getattr(system.ports, port), method, AWAY):
        status = system.status()
    assert dict(problems(status)) == dict.fromkeys(parts, "it did not answer")


def test_without_the_database_everything_else_is_shown_and_nobody_asks_it_twice(system: System) -> None:
    pings: list[int] = []
    store = system.rollout.store

    def ping() -> None:
        pings.append(1)
        store.ping()

    system.ports = replace(system.ports, ping=ping)
    store.down = True
    status = system.status()
    said = dict(problems(status))
    assert len(pings) == 1
    assert "deadLetters" not in said
    assert "flags" not in said
    assert {"sync", "verify", "display", "migrations", "drill", "components[].share"} <= said.keys()
    assert {each["verdict"]["mayGoOn"] for each in status["components"]} == {False}


def test_without_appconfig_no_stage_is_known_and_the_rest_is_shown(system: System) -> None:
    with system.rollout.appconfig.outage():
        status = system.status()
    assert dict(problems(status)).keys() == {"flags", "components[].share"}
    for component in status["components"]:
        assert (component["stage"], component["enabled"], component["percent"]) == ("unknown", None, None)
        assert component["verdict"]["text"].startswith("its flag cannot be read")


def test_an_appconfig_that_keeps_everybody_waiting_hides_nothing_of_the_database(system: System) -> None:
    """Only what needs the flags, and the queue, is not looked at any more."""
    system.ports.records.save_drill(RollbackDrill(5, "energy_forms", "code", 500, 0, 14.0, True))

    def wait() -> None:
        system.rollout.appconfig.now += PATIENCE_MS / 1000 + 1
        raise AWAY

    overview: Any = SimpleNamespace(listing=wait)
    service = status_service(system.ports, lambda: overview, system.count, lambda: "code", list, system.rollout.now)
    said = dict(problems(service.status(24).as_document()))
    assert said.keys() == {"flags", "components[].share", "alarms", "deadLetters"}
    assert "too long" in said["deadLetters"]


def test_a_flag_that_nobody_can_read_is_the_business_of_its_component_alone(system: System) -> None:
    appconfig = system.rollout.appconfig
    content = json.loads(system.rollout.home.deployed().content)
    content["energy_table_new_backend"] = {"default": "what"}
    appconfig.deployed(json.dumps(content).encode())
    shown = system.component()
    assert shown["stage"] == "unknown"
    assert shown["verdict"]["command"] == "python -m infra flags list"
    assert system.component(FORMS)["verdict"]["mayGoOn"]


def test_without_the_queue_nobody_goes_on_and_the_rest_is_shown(system: System) -> None:
    system.letters = AWAY
    status = system.status()
    assert dict(problems(status)) == {"deadLetters": "it did not answer"}
    assert {each["verdict"]["text"] for each in status["components"]} == {"nobody can say: it did not answer"}


def test_a_defect_in_one_part_is_logged_and_named_without_its_text(
    system: System, caplog: pytest.LogCaptureFixture
) -> None:
    system.letters = KeyError("user alice")
    assert "KeyError" in system.status()["deadLetters"]["problem"]
    assert "alice" not in system.status()["deadLetters"]["problem"]
    assert "a part of the status cannot be looked at" in caplog.text


def test_what_comes_after_a_long_wait_is_not_looked_at_any_more() -> None:
    now = [0]
    looks = Looks(lambda: None, lambda _: nullcontext(), lambda: now[0])
    assert looks.at(lambda: 5) == 5
    now[0] = PATIENCE_MS
    assert looks.at(lambda: 6) == 6
    now[0] = PATIENCE_MS + 1
    found = looks.at(never)
    assert isinstance(found, Problem)
    assert "too long" in found.text


def test_what_the_database_is_asked_ends_in_time() -> None:
    bounds: list[float] = []

    def limit(seconds: float) -> AbstractContextManager[None]:
        bounds.append(seconds)
        return nullcontext()

    Looks(lambda: None, limit, lambda: 0).at(lambda: 5)
    assert bounds == [LOOK_SECONDS]


def never() -> int:
    raise AssertionError("nobody may look")
