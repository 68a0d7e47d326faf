"""Faults planted in the new backend are found, exactly these and no others, while people go on writing."""

import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from time import monotonic
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.api.auth import TokenVerifier
from chalicelib.bootstrap import Container, Ports, compose, mongo_ports, now
from chalicelib.domain.comparison import Compared, IgnoreRule, Outcome, Request
from chalicelib.domain.errors import ComparisonError, UnavailableError
from chalicelib.domain.ports import PageRequest, StoredReading
from chalicelib.domain.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.rollout import FORCED_OLD, Component
from chalicelib.domain.sync import Side, SyncMode
from chalicelib.domain.usage import BackendUsage
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.database import time_limit
from chalicelib.services.comparer import BackendComparer
from chalicelib.services.comparison import BackendComparison
from chalicelib.services.component_reads import ShowForm, ShowMonths, ShowTable
from chalicelib.services.display import Timeline, View
from chalicelib.services.energy_backend import EnergyBackend
from chalicelib.services.energy_crud import ReadingDraft
from tests.fakes.publisher import FakePublisher

POWER, GAS = EnergyType.POWER, EnergyType.GAS
HIDDEN = Pseudonyms(b"a key")
WRITES_PER_SECOND = 50
Change = Callable[[dict[str, Any]], None]


def months(change: Change) -> "Fault":
    return Fault(Component.MONTHLY_CHARTS, change)


def interpolate_wrongly(data: dict[str, Any]) -> None:
    for month in data["months"]:
        if month["isInterpolated"]:
            month["meterReading"] += Decimal("0.001")


def shift_the_year(data: dict[str, Any]) -> None:
    data["months"] = data["months"][1:] + data["months"][:1]


def lose_a_field(data: dict[str, Any]) -> None:
    for month in data["months"]:
        del month["flags"]


def slip_the_zone(data: dict[str, Any]) -> None:
    for month in data["months"]:
        for source in month["calculationDetails"]["sourceReadings"]:
            source["date"] += timedelta(hours=1)


def show_something_stale(data: dict[str, Any]) -> None:
    for month in data["months"]:
        if month["meterReading"] is not None:
            month["meterReading"] -= 1


def swap_types(data: dict[str, Any]) -> None:
    data["months"][0]["meterReading"] = str(data["months"][0]["meterReading"])


def count_wrongly(data: dict[str, Any]) -> None:
    data["maxCount"] += 1


def project_wrongly(data: dict[str, Any]) -> None:
    data["lastReading"]["ageDays"] += 1


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and the component that shows it."""

    component: Component
    change: Change


FAULTS = [
    *map(months, (interpolate_wrongly, shift_the_year, lose_a_field, slip_the_zone, show_something_stale, swap_types)),
    Fault(Component.TIMELINE_SLIDER, count_wrongly),
    Fault(Component.DASHBOARD, project_wrongly),
]


class FaultyBackend:
    """A backend that answers some users wrongly."""

    def __init__(self, backend: EnergyBackend, faults: Mapping[str, Fault]) -> None:
        self._backend = backend
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def monthly(self, user_id: str, energy_type: EnergyType, year: int) -> View:
        return self._wrong(Component.MONTHLY_CHARTS, user_id, self._backend.monthly(user_id, energy_type, year))

    def histogram(self, user_id: str, energy_type: EnergyType, timeline: Timeline) -> View:
        return self._wrong(Component.TIMELINE_SLIDER, user_id, self._backend.histogram(user_id, energy_type, timeline))

    def summary(self, user_id: str, energy_type: EnergyType) -> View:
        view = self._backend.summary(user_id, energy_type)
        return self._wrong(Component.DASHBOARD, user_id, view) if energy_type is POWER else view

    def _wrong(self, component: Component, user_id: str, view: View) -> View:
        fault = self._faults.get(user_id)
        if fault is None or fault.component is not component:
            return view
        data = deepcopy(dict(view.data))
        fault.change(data)
        return replace(view, data=data)


@pytest.fixture
def ports(migrated: Database[Any]) -> Ports:
    return mongo_ports(migrated, FakePublisher())


@pytest.fixture
def container(ports: Ports) -> Container:
    return compose(ports, cast(TokenVerifier, None), now)


def comparer(ports: Ports, container: Container, new: Any = None, seed: int = 1) -> BackendComparer:
    """The comparer on this database; ``new`` instead of the new backend."""
    chance = Random(seed)
    backends = {Side.OLD: container.old, Side.NEW: new or container.new}
    comparison = BackendComparison(backends, ports.display, time_limit, chance)
    return BackendComparer(comparison, ports.comparisons, ports.queries, HIDDEN, now, chance)


def household(container: Container, user: str) -> str:
    """Readings in 2023 that are measured, interpolated and extrapolated, and the display up to date."""
    rows = ["2023-01-31,power,1000", "2023-03-20,power,1100.5", "2023-05-31,power,1300", "2023-02-28,gas,17"]
    container.imports.bulk_create(user, "\n".join(["date,type,amount", *rows]).encode())
    for energy_type in EnergyType:
        container.calculation.refresh(user, energy_type)
    return user


def note(ports: Ports, user: str, read: Any) -> None:
    """Note that somebody has read it."""
    usage = BackendUsage(read.component, user, FORCED_OLD, 1.0, success=True, parameters=read.parameters())
    ports.usage.insert(usage, HIDDEN.of("user", user), now())


@pytest.mark.parametrize("seed", range(5))
def test_planted_faults_are_found_and_nothing_else_while_people_write(
    seed: int, ports: Ports, container: Container
) -> None:
    chance = Random(seed)
    users = [household(container, f"user-{number}") for number in range(12)]
    faults = dict(zip(chance.sample(users, 4), chance.sample(FAULTS, 4), strict=True))
    asking = comparer(ports, container, FaultyBackend(container.new, faults), seed)
    with writers(container, users):
        seen = list(asking.on_demand(users))
    found = {(each.request.user_id, each.request.component) for each in seen if each.outcome is Outcome.DIFFERENT}
    assert found == {(user, fault.component) for user, fault in faults.items()}
    assert {each.outcome for each in seen} <= {Outcome.EQUAL, Outcome.DIFFERENT, Outcome.LAG}
    assert sum(each.outcome is Outcome.EQUAL for each in seen) > len(seen) / 2


class writers:  # noqa: N801 a context manager reads like a verb
    """Other people's writes, some fifty a second, refreshed as events would have it, as long as the block runs."""

    def __init__(self, container: Container, users: list[str]) -> None:
        self._container = container
        self._others = [f"{user}-neighbour" for user in users] + users
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _write(self) -> None:
        number = 0
        while not self._ends.wait(1 / WRITES_PER_SECOND):
            number += 1
            user = self._others[number % len(self._others)]
            date = f"2023-06-{1 + number % 28:02}T{number % 24:02}:{number % 60:02}:{number // 60 % 60:02}Z"
            self._container.energy.create(user, ReadingDraft(POWER, date, Decimal(2000), confirm=True))
            self._container.calculation.refresh(user, POWER)


def everything(database: Database[Any]) -> list[dict[str, Any]]:
    return list(database["backend_comparisons"].find({}, {"_id": 0}))


def eventually_noted(database: Database[Any], rows: int) -> None:
    """Notes are not acknowledged: wait for them."""
    ends = monotonic() + 10
    while database["backend_usage_logs"].count_documents({}) < rows:
        assert monotonic() < ends, "the notes never arrived"


def test_noted_reads_are_compared_once_and_what_is_kept_names_nobody(
    ports: Ports, container: Container, migrated: Database[Any]
) -> None:
    user = household(container, f"alice-{uuid4().hex}")
    reading = container.old.readings(user, POWER)[0]
    for read in (ShowMonths(type=POWER, year=2023), ShowTable(type=POWER), ShowForm(reading_id=reading.id)):
        note(ports, user, read)
    eventually_noted(migrated, 3)
    fault = Fault(Component.MONTHLY_CHARTS, show_something_stale)
    asking = comparer(ports, container, FaultyBackend(container.new, {user: fault}))
    assert asking.run(30) == {Outcome.EQUAL: 2, Outcome.DIFFERENT: 1}
    assert asking.run(30) == {}
    stored = str(everything(migrated))
    assert all(secret not in stored for secret in (user, reading.id, "1100.5", "1000.000"))
    report = asking.report(0)
    assert report.outcomes[Component.MONTHLY_CHARTS] == {Outcome.DIFFERENT: 1}
    [group] = report.groups
    assert (group.kind, group.place, group.users) == ("value", "months[].meterReading", 1)


def test_a_difference_is_asked_again_by_its_fingerprint_and_that_is_remembered(
    ports: Ports, container: Container, migrated: Database[Any]
) -> None:
    users = [household(container, f"{name}-{uuid4().hex}") for name in ("alice", "bob")]
    note(ports, users[0], ShowMonths(type=POWER, year=2023))
    eventually_noted(migrated, 1)
    faults = dict.fromkeys(users, Fault(Component.MONTHLY_CHARTS, lose_a_field))
    faulty = comparer(ports, container, FaultyBackend(container.new, faults))
    faulty.run(30)
    list(faulty.on_demand(users[1:]))
    [group] = faulty.report(0).groups
    assert (group.kind, group.users) == ("missing", 2)
    replay = comparer(ports, container).replay(group.fingerprint, "olga", lambda: users)
    assert set(replay.outcomes) == {Outcome.EQUAL}
    assert migrated["backend_comparisons"].find_one({"replayOf": group.fingerprint, "operator": "olga"})
    with pytest.raises(ComparisonError, match="no difference 'unknown' is kept"):
        faulty.replay("unknown", "olga", lambda: users)


def test_a_difference_that_somebody_answers_for_is_ignored_until_that_day(ports: Ports, container: Container) -> None:
    user = household(container, uuid4().hex)
    fault = Fault(Component.DASHBOARD, project_wrongly)
    asking = comparer(ports, container, FaultyBackend(container.new, {user: fault}))
    list(asking.on_demand([user]))
    [group] = asking.report(0).groups
    with pytest.raises(ComparisonError, match="expired"):
        asking.ignore(IgnoreRule(group.fingerprint, "olga", "known", now() - 1))
    asking.ignore(IgnoreRule(group.fingerprint, "olga", "known", now() + 60_000))
    outcomes = [each.outcome for each in asking.on_demand([user]) if each.request.component is Component.DASHBOARD]
    assert outcomes == [Outcome.IGNORED]
    asking.ignore(IgnoreRule(group.fingerprint, "olga", "for a moment", now() + 1))
    ends = now() + 2
    while now() < ends:
        continue
    outcomes = [each.outcome for each in asking.on_demand([user]) if each.request.component is Component.DASHBOARD]
    assert outcomes == [Outcome.DIFFERENT]


def test_a_display_that_lags_is_lag_and_no_difference(ports: Ports, container: Container) -> None:
    user = household(container, uuid4().hex)
    container.energy.create(user, ReadingDraft(POWER, "2023-06-30", Decimal(1400)))
    request = Request(Component.MONTHLY_CHARTS, user, ShowMonths(type=POWER, year=2023).parameters())
    assert compared(ports, container, request).outcome is Outcome.LAG
    container.calculation.refresh(user, POWER)
    assert compared(ports, container, request).outcome is Outcome.EQUAL


def compared(ports: Ports, container: Container, request: Request, new: Any = None) -> Compared:
    backends = {Side.OLD: container.old, Side.NEW: new or container.new}
    return BackendComparison(backends, ports.display, time_limit, Random(1)).compare_backends(request)


class SilentBackend:
    """A backend that does not answer."""

    def page(self, user_id: str, request: PageRequest) -> list[StoredReading]:
        raise UnavailableError("not today")


def test_a_backend_that_does_not_answer_is_a_failure_and_no_difference(ports: Ports, container: Container) -> None:
    request = Request(Component.ENERGY_TABLE, "nobody", ShowTable().parameters())
    failed = compared(ports, container, request, SilentBackend())
    assert (failed.outcome, failed.error) == (Outcome.FAILED, "UnavailableError")


def test_both_refusing_alike_are_equal(ports: Ports, container: Container) -> None:
    request = Request(Component.ENERGY_FORMS, "nobody", ShowForm(reading_id="0" * 24).parameters())
    assert compared(ports, container, request).outcome is Outcome.EQUAL


def test_while_only_the_old_side_is_written_there_is_nothing_to_compare(
    ports: Ports, container: Container, migrated: Database[Any]
) -> None:
    migrated["control"].replace_one({"_id": SYNC_MODE}, sync_document(SyncMode.OLD_ONLY, 0), upsert=True)
    with pytest.raises(ComparisonError, match="mode set dual_write"):
        comparer(ports, container).run(1)
