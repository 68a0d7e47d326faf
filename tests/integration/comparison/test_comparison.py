"""Comparing on a real MongoDB: what was read is asked again of both, and what is kept of it names nobody."""

from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.comparer import comparer as comparer_of
from chalicelib.bootstrap.container import Container, Ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import ComparisonError, UnavailableError
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, IgnoreRule, Outcome, Request
from chalicelib.domain.migration.records.decision import FORCED_OLD
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.values import PageRequest, StoredReading
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.database import time_limit
from chalicelib.services.components.component_reads import ComponentRead, ShowDashboard, ShowForm, ShowMonths, ShowTable
from chalicelib.services.migration.comparison.asking import RecordedComparison
from chalicelib.services.migration.comparison.compare_backends import BackendComparison
from chalicelib.services.migration.comparison.runs import BackendComparer
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra.local.waiting import wait_until
from tests.integration.comparison.planted_faults import FAULTS, Fault, FaultyBackend, Place

pytestmark = pytest.mark.long

POWER, GAS = EnergyType.POWER, EnergyType.GAS
HIDDEN = Pseudonyms(b"a key")
CODE = "the code that runs"
FILE = b"date,type,amount\n2023-01-31,power,1000\n2023-03-20,power,1100.5\n2023-05-31,power,1300\n2023-02-28,gas,17\n"
WRONG_AGE, SHIFTED = FAULTS["wrong age"], FAULTS["a year shifted"]


@pytest.fixture
def user(container: Container) -> str:
    return household(container)


def household(container: Container) -> str:
    """Somebody new with readings, the display up to date."""
    user = f"person-{uuid4().hex}"
    container.imports.bulk_create(user, FILE)
    for energy_type in EnergyType:
        container.calculation.refresh(user, energy_type)
    return user


def comparison(ports: Ports, container: Container, new: Any = None) -> BackendComparison:
    backends = {Backend.OLD: container.old, Backend.NEW: new or container.new}
    return BackendComparison(backends, ports.display, time_limit, Random(1))


def comparer(ports: Ports, container: Container, faults: dict[str, Fault] | None = None) -> BackendComparer:
    """The comparer on this database, with faults in the new backend's code."""
    return recording(ports, comparison(ports, container, FaultyBackend(container.new, faults or {})))


def recording(ports: Ports, both: BackendComparison) -> BackendComparer:
    asking = RecordedComparison(both, ports.comparisons, ports.counted, HIDDEN, now, lambda: CODE)
    return comparer_of(asking, ports, HIDDEN, now)


def note(ports: Ports, user: str, *reads: ComponentRead, success: bool = True) -> None:
    """Note that somebody has read it, and wait for the notes: they are not acknowledged."""
    for read in reads:
        usage = BackendUsage(read.component, user, FORCED_OLD, 1.0, success=success, parameters=read.parameters())
        ports.usage.insert(usage, HIDDEN.of("user", user), now())
    components = {read.component for read in reads}
    assert wait_until(lambda: sum(noted(ports, component) for component in components) == len(reads), 10)


def noted(ports: Ports, component: Component) -> int:
    return len(ports.comparisons.requests(component, 0, 100))


def everything(database: Database[Any]) -> str:
    return str(list(database["backend_comparisons"].find({}, {"_id": 0})))


def dashboards(seen: list[ComparisonResult]) -> list[Outcome]:
    return [each.outcome for each in seen if each.request.component is Component.DASHBOARD]


def test_noted_reads_are_compared_once_and_what_is_kept_names_nobody(
    ports: Ports, container: Container, migrated: Database[Any], user: str
) -> None:
    reading = container.old.readings(user, POWER)[0]
    note(ports, user, ShowMonths(type=POWER, year=2023), ShowTable(type=POWER), ShowForm(reading_id=reading.id))
    asking = comparer(ports, container, {user: SHIFTED})
    assert asking.run(30) == {Outcome.EQUAL: 2, Outcome.DIFFERENT: 1}
    assert asking.run(30) == {}
    stored = everything(migrated)
    assert all(secret not in stored for secret in (user, reading.id, "1100.5", "Decimal"))
    report = asking.report(0)
    assert report.outcomes[Component.MONTHLY_CHARTS] == {Outcome.DIFFERENT: 1}
    assert ("value", "year") in [(group.kind, group.place) for group in report.groups]
    assert {group.users for group in report.groups} == {1}


def test_a_difference_is_asked_again_by_its_fingerprint_until_it_is_gone_and_that_is_remembered(
    ports: Ports, container: Container, user: str
) -> None:
    users = [user, household(container)]
    note(ports, user, ShowMonths(type=POWER, year=2023))
    faulty = comparer(ports, container, dict.fromkeys(users, SHIFTED))
    faulty.run(30)
    list(faulty.of_user(users[1]))
    group = next(group for group in faulty.report(0).groups if group.place == "year")
    assert (group.kind, group.users, group.is_open(now())) == ("value", 2, True)
    again = faulty.replay(group.fingerprint, "olga")
    assert (set(again.outcomes), again.showing, again.gone) == ({Outcome.DIFFERENT}, group.answers, False)
    mended = comparer(ports, container).replay(group.fingerprint, "olga")
    assert (dict(mended.outcomes), mended.showing, mended.gone) == ({Outcome.EQUAL: group.answers}, 0, True)
    report = faulty.report(0)
    assert [each.operator for each in report.replays] == ["olga", "olga"]
    found = next(each for each in report.groups if each.fingerprint == group.fingerprint)
    assert not found.is_open(now())
    with pytest.raises(ComparisonError, match="no difference 'unknown' is kept"):
        faulty.replay("unknown", "olga")


def test_a_read_that_is_not_kept_any_more_cannot_be_asked_again(
    ports: Ports, container: Container, migrated: Database[Any], user: str
) -> None:
    note(ports, user, ShowMonths(type=POWER, year=2023))
    asking = comparer(ports, container, {user: SHIFTED})
    asking.run(30)
    migrated["backend_usage_logs"].delete_many({})
    with pytest.raises(ComparisonError, match="not kept any more"):
        asking.replay(asking.report(0).groups[0].fingerprint, "olga")


def test_a_difference_that_somebody_answers_for_is_ignored_until_that_day(
    ports: Ports, container: Container, user: str
) -> None:
    asking = comparer(ports, container, {user: WRONG_AGE})
    assert dashboards(list(asking.of_user(user))) == [Outcome.DIFFERENT]
    [group] = asking.report(0).groups
    asking.ignore(IgnoreRule(group.fingerprint, "olga", "known", now() + 60_000))
    assert dashboards(list(asking.of_user(user))) == [Outcome.IGNORED]
    ports.comparisons.save_rule(IgnoreRule(group.fingerprint, "olga", "was known until now", now()))
    assert dashboards(list(asking.of_user(user))) == [Outcome.DIFFERENT]


def test_an_answer_is_ignored_only_when_somebody_answers_for_all_that_differs(
    ports: Ports, container: Container, user: str
) -> None:
    asking = comparer(ports, container, {user: SHIFTED})
    list(asking.of_user(user))
    first, *others = asking.report(0).groups
    assert others
    asking.ignore(IgnoreRule(first.fingerprint, "olga", "known", now() + 60_000))
    assert Outcome.DIFFERENT in [each.outcome for each in asking.of_user(user)]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"until": -1}, "lies ahead"),
        ({"until": 367 * 86_400_000}, "at most a year"),
        ({"owner": " "}, "who answers"),
        ({"reason": ""}, "why"),
        ({"fingerprint": "a.b"}, "no difference 'a.b' is kept"),
    ],
)
def test_a_rule_without_owner_reason_day_or_difference_is_refused(
    ports: Ports, container: Container, user: str, rule: dict[str, Any], message: str
) -> None:
    asking = comparer(ports, container, {user: WRONG_AGE})
    list(asking.of_user(user))
    [group] = asking.report(0).groups
    said = {"fingerprint": group.fingerprint, "owner": "olga", "reason": "known", "until": 60_000, **rule}
    said["until"] += now()
    with pytest.raises(ComparisonError, match=message):
        asking.ignore(IgnoreRule(**said))
    assert ports.comparisons.rules() == {}


def test_a_display_that_lags_is_lag_and_no_difference(ports: Ports, container: Container, user: str) -> None:
    container.energy.create(user, ReadingDraft(POWER, "2023-06-30", Decimal(1400)))
    request = Request(Component.MONTHLY_CHARTS, user, ShowMonths(type=POWER, year=2023).parameters())
    asking = comparison(ports, container)
    assert asking.compare_backends(request).outcome is Outcome.LAG
    container.calculation.refresh(user, POWER)
    assert asking.compare_backends(request).outcome is Outcome.EQUAL


class SilentBackend:
    """A backend that does not answer."""

    def page(self, user_id: str, request: PageRequest) -> list[StoredReading]:
        raise UnavailableError("not today")


def test_a_backend_that_does_not_answer_is_a_failure_that_names_it_and_no_difference(
    ports: Ports, container: Container
) -> None:
    request = Request(Component.ENERGY_TABLE, "nobody", ShowTable().parameters())
    failed = comparison(ports, container, SilentBackend()).compare_backends(request)
    assert (failed.outcome, failed.error) == (Outcome.FAILED, "no answer: new")


class WithoutSummary:
    """A backend whose code breaks on the summary."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def summaries(self, *_: Any, **__: Any) -> Any:
        raise KeyError("zone")


def test_a_read_that_the_new_backend_broke_on_is_a_difference_and_the_others_have_their_turn(
    ports: Ports, container: Container, user: str
) -> None:
    asking = recording(ports, comparison(ports, container, WithoutSummary(container.new)))
    note(ports, user, ShowDashboard(), success=False)
    note(ports, user, ShowTable())
    assert asking.run(30) == {Outcome.DIFFERENT: 1, Outcome.EQUAL: 1}
    places = {(group.kind, group.place) for group in ports.comparisons.report(0).groups}
    assert places == {("missing", "meters"), ("extra", "defect")}


def test_both_refusing_alike_are_equal(ports: Ports, container: Container) -> None:
    request = Request(Component.ENERGY_FORMS, "nobody", ShowForm(reading_id="0" * 24).parameters())
    assert comparison(ports, container).compare_backends(request).outcome is Outcome.EQUAL


def test_what_another_version_has_noted_is_a_failure_and_no_difference(ports: Ports, container: Container) -> None:
    asking = comparison(ports, container)
    for component, parameters in ((Component.ENERGY_TABLE, {"colour": "red"}), (Component.CSV_IMPORT, {})):
        assert asking.compare_backends(Request(component, "nobody", parameters)).outcome is Outcome.FAILED


def test_on_demand_everything_of_a_user_is_compared_and_of_nobody_nothing(
    ports: Ports, container: Container, user: str
) -> None:
    asking = comparer(ports, container)
    seen = list(asking.of_user(user))
    assert {each.request.component for each in seen} == set(Component) - {Component.CSV_IMPORT, Component.ENERGY_FORMS}
    assert {each.outcome for each in seen} == {Outcome.EQUAL}
    assert [each.request.parameters["year"] for each in seen if "year" in each.request.parameters] == [
        *(2022, 2023, 2024),
        *(2022, 2023, 2024),
    ]
    assert list(asking.of_user("misspelt")) == []
    assert {each.request.user_id for each in asking.of_everybody()} == {user}


def test_a_year_that_only_the_new_side_has_is_compared_too(
    ports: Ports, container: Container, migrated: Database[Any], user: str
) -> None:
    assert migrated["energies"].delete_many({"userId": user, "type": "gas"}).deleted_count == 1
    wrong = [each.request.parameters for each in comparer(ports, container).of_user(user) if each.differences]
    assert ShowMonths(type=GAS, year=2023).parameters() in wrong


def test_of_many_a_sample_is_compared(ports: Ports, container: Container) -> None:
    users = {household(container) for _ in range(4)}
    sampled = {each.request.user_id for each in comparer(ports, container).of_everybody(2)}
    assert len(sampled) == 2
    assert sampled < users
    assert {each.request.user_id for each in comparer(ports, container).of_everybody(9)} == users


def switch(database: Database[Any], mode: SyncMode, catching_up: Side | None = None) -> None:
    database["control"].replace_one({"_id": SYNC_MODE}, sync_document(mode, 0, catching_up), upsert=True)


@pytest.mark.parametrize(
    ("mode", "catching_up", "remedy"),
    [
        (SyncMode.OLD_ONLY, None, "mode set dual_write"),
        (SyncMode.DUAL_WRITE, Side.OLD, "both backends read the old readings .* first: sync"),
        (SyncMode.DUAL_WRITE, Side.NEW, "both backends read the new readings .* first: sync"),
    ],
)
def test_while_one_side_is_not_complete_there_is_nothing_to_compare(
    ports: Ports,
    container: Container,
    migrated: Database[Any],
    user: str,
    mode: SyncMode,
    catching_up: Side | None,
    remedy: str,
) -> None:
    asking = comparer(ports, container, {user: WRONG_AGE})
    list(asking.of_user(user))
    [group] = asking.report(0).groups
    switch(migrated, mode, catching_up)
    for ask in (
        lambda: asking.run(1),
        lambda: list(asking.of_user(user)),
        lambda: list(asking.of_everybody()),
        lambda: asking.replay(group.fingerprint, "olga"),
    ):
        with pytest.raises(ComparisonError, match=remedy):
            ask()


def test_in_new_only_rows_are_not_compared_with_themselves_and_no_difference_of_theirs_is_called_gone(
    ports: Ports, container: Container, migrated: Database[Any], user: str
) -> None:
    FAULTS["lost reading"].plant(Place(migrated, ports, container, user))
    asking = comparer(ports, container)
    list(asking.of_user(user))
    lost = next(group for group in asking.report(0).groups if group.component is Component.ENERGY_TABLE)
    note(ports, user, ShowTable(), ShowDashboard())
    switch(migrated, SyncMode.NEW_ONLY)
    assert asking.run(30).total() == 1
    assert {each.request.component for each in asking.of_user(user)} == {
        *(Component.DASHBOARD, Component.MONTHLY_CHARTS, Component.TIMELINE_SLIDER)
    }
    with pytest.raises(ComparisonError, match="the same readings"):
        asking.replay(lost.fingerprint, "olga")
