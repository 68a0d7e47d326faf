"""Staleness, the sync mode and verify over HTTP: what the commands do, within the time of a request."""

import json
from collections.abc import Iterator

import pytest

from chalicelib.api.ops.migration import verify as verify_route
from chalicelib.bootstrap.container import Container, compose, using
from chalicelib.domain.backends.sync_mode import (
    Side,
    SyncMode,
    SyncState,
)
from chalicelib.domain.meters.lagging import FailingMeter, LaggingMeter
from chalicelib.domain.meters.walks import (
    Finding,
    Verification,
    Walk,
)
from chalicelib.domain.migration.sync.reconciliation import SyncStop
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.people import SOMEBODY
from chalicelib.services.migration.sync import consistency
from chalicelib.services.refresh.sweeper import Staleness
from infra.simulation.memory.migration.sides import reading
from tests.functional.conftest import NOW, Api
from tests.functional.ops.operating import Operator

POWER = EnergyType.POWER
MARKED = "auth0|marked-7f3a91"
READING = json.dumps({"type": "power", "date": "2023-01-31", "amount": 1000})
COMMANDS = {"command": "python -m infra sweep --list"}


class Time:
    """The clock of functions, which begins where a test's does."""

    def __init__(self) -> None:
        self.now = NOW
        self.step = 0

    def __call__(self) -> int:
        self.now += self.step
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def operator(api: Api, clock: Time) -> Iterator[Operator]:
    api.store.stored.clock = clock
    own = compose(api.ports, api.container.verifier, clock, outside=api.aws.outside())
    api.container = own
    with using(own):
        yield Operator(api)


@pytest.fixture
def beginning(operator: Operator) -> Operator:
    """Before the new side is written."""
    operator.api.store.stored.sync = SyncState()
    return operator


def container(operator: Operator) -> Container:
    return operator.api.container


def write(operator: Operator, *users: str) -> None:
    """A reading of each on both sides, which no event has brought to the display."""
    operator.api.store.stored.sync = SyncState(SyncMode.DUAL_WRITE)
    for user in users:
        assert operator.api.request("POST", "/v2/energy", READING, user=user).status_code == 201


def failing(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """No meter can be refreshed."""

    def refresh(*_: object) -> bool:
        raise ValueError(f"{MARKED} is no number")

    monkeypatch.setattr(
        container(operator).operations.sweeper, "_calculation", type("Broken", (), {"refresh": refresh})
    )


def test_nothing_is_stale_at_rest(operator: Operator) -> None:
    at_rest = {"lagging": 0, "failing": 0, "oldestSeconds": 0.0, "meters": [], **COMMANDS}
    assert operator.sees("staleness") == at_rest
    write(operator, MARKED)
    assert operator.sees("staleness")["lagging"] == 0, "the grace of half a minute is not over"
    operator.api.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    assert operator.sees("staleness") == at_rest


def test_meters_that_lag_are_counted_and_those_that_fail_are_named_by_pseudonyms(
    operator: Operator, clock: Time, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write(operator, MARKED, "auth0|other-0c55d2")
    clock.now += 60_000
    seen = operator.sees("staleness")
    assert (seen["lagging"], seen["oldestSeconds"], seen["failing"], seen["meters"]) == (2, 60.0, 0, [])
    failing(operator, monkeypatch)
    assert operator.posts("staleness/sweep") | {"stalenessSeconds": 0} == {
        "state": "swept",
        "lagging": 2,
        "stalenessSeconds": 0,
        "refreshed": 0,
        "failed": 2,
        "failing": 2,
        "broughtUp": 0,
        "outdated": 0,
    }
    clock.now += 5_000
    capfd.readouterr()
    answer = operator.request("GET", "staleness")
    [meter, _] = answer.json_body["meters"]
    assert meter == {
        "meter": f"{SOMEBODY}|power",
        "sinceSeconds": 65.0,
        "attempts": 1,
        "error": "ValueError",
        "nextAttempt": "2023-11-14T22:15:20.000Z",
    }
    assert "marked" not in answer.body.decode() + "".join(capfd.readouterr())


def test_at_most_fifty_meters_are_named(operator: Operator, clock: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    write(operator, *(f"person-{number:03}" for number in range(60)))
    failing(operator, monkeypatch)
    clock.now += 60_000
    operator.posts("staleness/sweep")
    seen = operator.sees("staleness")
    assert (seen["failing"], len(seen["meters"])) == (60, 50)


def test_a_clock_that_runs_behind_shows_no_time_before_none(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since when a meter lags is the database's time, and so is the time of the look; a failover may set it back."""
    meter = LaggingMeter("alice|power", 7, "ValueError")
    meters = [FailingMeter(meter, since, NOW + 1_000) for since in (None, NOW + 9_000, NOW, NOW - 1_260)]
    found = Staleness(4, 1.26, 4, meters, NOW)
    monkeypatch.setattr(container(operator).operations.sweeper, "staleness", lambda _: found)
    seen = operator.sees("staleness")
    assert [meter["sinceSeconds"] for meter in seen["meters"]] == [None, 0, 0, 1.3]
    assert seen["oldestSeconds"] == 1.3


def test_what_was_done_is_listed_in_full(operator: Operator) -> None:
    operator.posts("staleness/sweep", {"reason": "they complain"})
    assert operator.sees("actions") == {
        "actions": [
            {
                "action": "sweep",
                "by": "olga",
                "reason": "they complain",
                "subject": None,
                "at": "2023-11-14T22:13:20.000Z",
            }
        ]
    }


def test_a_sweep_refreshes_for_some_seconds_and_the_next_one_does_the_rest(operator: Operator, clock: Time) -> None:
    write(operator, *(f"person-{number}" for number in range(9)))
    clock.now += 60_000
    clock.step = 2_000
    first = operator.posts("staleness/sweep", {"reason": "they complain"})
    assert (first["state"], first["lagging"]) == ("unfinished", 9)
    assert 0 < first["refreshed"] < 9
    clock.step = 0
    assert operator.posts("staleness/sweep")["refreshed"] == 9 - first["refreshed"]
    assert [done["reason"] for done in operator.sees("actions")["actions"]] == ["as planned", "they complain"]
    operator.refused("POST", "staleness/sweep", {}, 422)


def test_the_mode_is_shown_as_the_command_shows_it(operator: Operator) -> None:
    shown = container(operator).operations.modes.show().as_document()
    assert operator.sees("sync-mode") == shown | {"command": "python -m infra mode show"}


def test_an_operator_changes_the_mode_and_the_history_says_who_and_why(beginning: Operator) -> None:
    after = beginning.puts("sync-mode", {"mode": "dual_write", "reason": " we begin "})
    assert (after["mode"], after["catchingUp"]) == ("dual_write", "old")
    assert after["drainSeconds"] > 0
    [change] = after["changes"]
    assert (change["mode"], change["reason"], change["by"]) == ("dual_write", "we begin", "olga")
    assert beginning.sees("sync-mode") == after


@pytest.mark.parametrize(
    ("mode", "said"),
    [("old_only", "the mode is old_only already"), ("new_only", "cannot follow it directly")],
)
def test_what_the_command_refuses_is_409_with_the_same_words(beginning: Operator, mode: str, said: str) -> None:
    refused = beginning.refused("PUT", "sync-mode", {"mode": mode, "reason": "x"}, 409)
    assert said in refused["detail"]
    assert beginning.sees("sync-mode")["mode"] == "old_only"


def test_a_stop_that_waits_for_an_answer_comes_first(beginning: Operator) -> None:
    beginning.api.ports.sync_control.save_stop(SyncStop(NOW, "the old readings are gone"))
    refused = beginning.refused("PUT", "sync-mode", {"mode": "dual_write", "reason": "x"}, 409)
    assert "the old readings are gone" in refused["detail"]


@pytest.mark.parametrize("body", [{"mode": "both", "reason": "x"}, {"mode": "dual_write"}, {"reason": "x"}])
def test_a_mode_that_is_none_or_without_a_reason_is_422(operator: Operator, body: dict[str, str]) -> None:
    operator.refused("PUT", "sync-mode", body, 422)


def differing(operator: Operator, *users: str) -> None:
    """Both sides hold a reading of each, and the old one another reading more."""
    write(operator, *users)
    container(operator).operations.sweeper.run_at_once(60)
    for user in users:
        operator.api.sides.write(user, reading(f"more-of-{user}", POWER, 3_600_000, 6))


def test_without_a_verify_nothing_is_known(operator: Operator) -> None:
    seen = operator.sees("verify")
    assert seen.pop("command") == "python -m infra verify --last"  # which compares nothing, as this route
    assert set(seen) == {"at", "upTo", "meters", "lagging", "differences", "firstSeen", "lastSeen"}
    assert set(seen.values()) == {None}


def test_a_verify_finds_what_differs_and_names_nobody(operator: Operator, capfd: pytest.CaptureFixture[str]) -> None:
    differing(operator, MARKED)
    capfd.readouterr()
    answer = operator.request("POST", "verify", {})
    seen = answer.json_body
    kind = "not as it should be"
    finding = {
        "meter": f"{SOMEBODY}|power",
        "collection": "source_energy_readings",
        "document": f"more-of-{SOMEBODY}",
        "problem": kind,  # no amount and no date
        "kind": kind,
    }
    assert seen == {
        "finished": True,
        "meters": 1,
        "of": 1,
        "differences": 1,
        "findings": [finding],
        "command": "python -m infra verify",
    }
    assert "marked" not in answer.body.decode() + "".join(capfd.readouterr())
    last = operator.sees("verify")
    assert last == {
        "at": "2023-11-14T22:13:20.000Z",
        "upTo": "2023-11-14T22:13:20.000Z",
        "meters": 1,
        "lagging": 0,
        "differences": 1,
        "firstSeen": "2023-11-14T22:13:20.000Z",
        "lastSeen": "2023-11-14T22:13:20.000Z",
        "command": "python -m infra verify --last",
    }


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consistency, "METERS_OF_A_STEP", 1)


@pytest.mark.usefixtures("small_pages")
def test_a_verify_ends_in_time_and_goes_on_when_it_is_asked_again(operator: Operator, clock: Time) -> None:
    differing(operator, *(f"person-{number:02}" for number in range(30)))
    clock.step = round(verify_route.STEP_SECONDS * 1000 / 12)
    steps = [operator.posts("verify", {})]
    assert operator.sees("verify")["at"] is None, "it counts when it has come to its end"
    while not steps[-1]["finished"]:
        steps.append(operator.posts("verify", {"reason": "before we go on"}))
    meters = [step["meters"] for step in steps]
    assert meters == sorted({*meters})
    assert len(meters) > 2
    assert (steps[0]["of"], steps[-1]["of"], steps[-1]["differences"]) == (30, 30, 30)
    assert len(steps[-1]["findings"]) == 20
    assert operator.sees("verify")["differences"] == 30
    assert {done["action"] for done in operator.sees("actions")["actions"]} == {"verify"}


def test_meters_that_take_long_make_a_verify_no_longer(operator: Operator, clock: Time) -> None:
    """The first twenty use up all of the time, and the next ones would take as long."""
    differing(operator, *(f"person-{number:02}" for number in range(50)))
    clock.step = round(verify_route.STEP_SECONDS * 1000)
    assert [operator.posts("verify", {})["meters"] for _ in range(3)] == [20, 40, 50]


def test_two_who_verify_at_once_both_see_every_meter(operator: Operator, clock: Time) -> None:
    differing(operator, *(f"person-{number}" for number in range(4)))
    walk, sync = container(operator).operations.consistency, operator.api.ports.sync_control.state()
    look = walk._look_at
    one = walk._walk.steps(Walk.VERIFY, sync, look, at_once=1)
    other = walk._walk.steps(Walk.VERIFY, sync, look, at_once=1)
    seen = {"one": next(one), "other": next(other)}
    for name, steps in (("one", one), ("other", other), ("other", other), ("one", one), ("one", one)):
        seen[name] = next(steps)
    *_, seen["one"] = one
    *_, seen["other"] = other
    assert {name: (each.meters, each.differences) for name, each in seen.items()} == {"one": (4, 4), "other": (4, 4)}
    after = operator.posts("verify", {})
    assert (after["finished"], after["meters"], after["differences"]) == (True, 4, 4)


def test_writes_that_may_still_arrive_come_before_a_verify(beginning: Operator) -> None:
    beginning.puts("sync-mode", {"mode": "dual_write", "reason": "x"})
    assert "wait" in beginning.refused("POST", "verify", {}, 409)["detail"]


@pytest.mark.usefixtures("small_pages")
def test_the_way_to_new_only_compares_in_steps_and_is_refused_until_all_is_equal(
    operator: Operator, clock: Time
) -> None:
    write(operator, *(f"person-{number:02}" for number in range(30)))
    container(operator).operations.sweeper.run_at_once(60)
    asked = {"mode": "new_only", "reason": "on we go"}
    clock.step = 500
    assert "has seen" in operator.refused("PUT", "sync-mode", asked, 409)["detail"]
    clock.step = 0
    operator.api.sides.write("person-29", reading("more", POWER, 3_600_000, 6))
    assert "verify finds differences (1)" in operator.refused("PUT", "sync-mode", asked, 409)["detail"]
    container(operator).operations.consistency.repair()
    assert operator.puts("sync-mode", asked)["mode"] == "new_only"
    assert operator.api.store.stored.sync.writes == (Side.NEW,)


def test_a_database_that_is_away_is_503_everywhere(operator: Operator) -> None:
    operator.api.store.down = True
    for path in (
        "staleness",
        "sync-mode",
        "verify",
        "actions",
    ):
        operator.refused("GET", path, None, 503)
    for path in (
        "staleness/sweep",
        "verify",
    ):
        operator.refused("POST", path, {"reason": "x"}, 503)
    operator.refused("PUT", "sync-mode", {"mode": "dual_write", "reason": "x"}, 503)


def test_a_finding_that_names_somebody_else_shows_neither(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged document may be under another person's id."""
    finding = Finding(MARKED, POWER, "display_energy_data", "auth0|other-0c55d2|power|summary|-|c2", f"is {MARKED}|gas")
    seen = Verification(SyncMode.DUAL_WRITE, 1, 0, 1, (finding,))
    monkeypatch.setattr(container(operator).operations.consistency, "verify_for", lambda _: (seen, True))
    [shown] = operator.posts("verify", {})["findings"]
    assert shown["document"] == f"{SOMEBODY}|power|summary|-|c2"
    assert shown["problem"] == f"is {SOMEBODY}|gas"
