"""What each gauge asks for, and its exact value; which ways back belong to a minute."""

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import DifferenceGroup
from chalicelib.domain.migration.records.differences import DifferenceKind
from chalicelib.domain.migration.records.figures import Share
from chalicelib.domain.migration.records.flag_history import ChangeState
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.monitoring.names import MetricName
from chalicelib.services.migration.figures.gauges import Gauge, GaugeService

MINUTE = 60_000
NOW = 28_333_333 * MINUTE
TABLE, DASHBOARD = Component.ENERGY_TABLE, Component.DASHBOARD


def group(component: Component) -> DifferenceGroup:
    return DifferenceGroup("f1", component, DifferenceKind.VALUE, "amount", 1, 1, 0, 0, ())


class Sources:
    """Every port of the gauges, and what was asked of them."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.changed: list[Any] = []

    def share(self, component: Component, version: str) -> Share:
        self.asked.setdefault("share", []).append((component, version))
        return Share(people=8, new=3) if component is TABLE else Share(0, 0)

    def groups(self, since: int) -> Sequence[DifferenceGroup]:
        self.asked["groups"] = since
        return [group(TABLE), group(TABLE), group(DASHBOARD)]

    def verified(self) -> Verified:
        return Verified(NOW, None, 5, 1, 3)

    def open(self, components: Collection[Component], limit: int) -> list[int]:
        self.asked["open"] = ([*components], limit)
        return [1, 2]

    def changes(self, flag: str | None, limit: int) -> Iterator[Any]:
        self.asked["changes"] = (flag, limit)
        return iter(self.changed)

    def read(self, now: int = NOW) -> list[Gauge]:
        ports = cast(Any, self)
        percentages = {TABLE: Decimal("12.5"), DASHBOARD: Decimal(0)}
        asked = (lambda: ("v7", percentages), lambda: 4, lambda: ["one", "two", "three"])
        return GaugeService(*(ports,) * 4, *asked, ports, lambda: now).read()


def test_each_gauge_has_its_name_its_value_and_its_component() -> None:
    sources = Sources()
    found = sources.read()
    assert [each for each in found if each.name is not MetricName.DIFFERENCES_OPEN] == [
        Gauge(MetricName.FLAG_PERCENT, 12.5, TABLE),
        Gauge(MetricName.FLAG_PERCENT, 0.0, DASHBOARD),
        Gauge(MetricName.NEW_SHARE, 37.5, TABLE),
        Gauge(MetricName.VERIFY_DIFFERENCES, 3),
        Gauge(MetricName.FEEDBACK_OPEN, 2),
        Gauge(MetricName.MIGRATIONS_OPEN, 3),
        Gauge(MetricName.DEAD_LETTERS, 4),
        Gauge(MetricName.ROLLBACKS, 0),
    ]
    still_open = {each.component: each.value for each in found if each.name is MetricName.DIFFERENCES_OPEN}
    assert still_open == dict.fromkeys(Component, 0) | {TABLE: 2, DASHBOARD: 1}


def test_what_is_asked_for_is_bounded() -> None:
    sources = Sources()
    sources.read()
    assert sources.asked == {
        "share": [(TABLE, "v7"), (DASHBOARD, "v7")],
        "groups": 0,
        "open": ([*Component], 1_000),
        "changes": (None, 50),
    }


@pytest.mark.parametrize(
    ("at", "counted"), [(-120_001, 0), (-120_000, 1), (-60_001, 1), (-60_000, 0), (0, 0)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("into_the_minute", [0, 59_999])
def test_a_way_back_is_counted_in_the_minute_after_its_own(at: int, counted: int, into_the_minute: int) -> None:
    sources = Sources()
    sources.changed = [SimpleNamespace(action="rollback", state=ChangeState.DEPLOYED, at=NOW + at)]
    assert sources.read(NOW + into_the_minute)[-1] == Gauge(MetricName.ROLLBACKS, counted)


@pytest.mark.parametrize(
    ("action", "state", "counted"),
    [
        ("rollback", ChangeState.DEPLOYED, 1),
        ("kill", ChangeState.STARTED, 1),
        ("kill", ChangeState.FAILED, 0),
        ("set", ChangeState.DEPLOYED, 0),
    ],
)
def test_a_change_that_failed_or_leads_forward_is_no_way_back(action: str, state: ChangeState, counted: int) -> None:
    sources = Sources()
    sources.changed = [SimpleNamespace(action=action, state=state, at=NOW - 90_000)]
    assert sources.read()[-1].value == counted
