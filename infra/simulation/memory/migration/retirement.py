"""The calendar of the retirement and the ledger of version 1's callers, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS
from chalicelib.domain.migration.retirement.callers import (
    KEPT_DAYS,
    PAGE,
    SEVERAL,
    V1Call,
    V1Caller,
    day_of,
    days_since,
    place_of,
)
from infra.simulation.memory.migration.usage import FakeUsageLog
from infra.simulation.memory.store import FakeStore


class FakeRetirementRecords:
    """``looks``: how often the calendar was read, ``asked``: how often what is our own."""

    def __init__(self, store: FakeStore, usage: FakeUsageLog) -> None:
        self._store = store
        self._usage = usage
        self.stored: Calendar | None = None
        self.kept: dict[str, V1Caller] = {}
        self.looks = 0
        self.asked = 0

    @property
    def rows(self) -> dict[V1Call, V1Caller]:
        """The rows of the ledger."""
        return {row.call: row for row in self.kept.values()}

    def calendar(self) -> Calendar | None:
        self.looks += 1
        self._store.ping()
        return self.stored

    def save(self, calendar: Calendar) -> bool:
        self._store.ping()
        if calendar.version != (self.stored.version if self.stored else 0):
            return False
        self.stored = replace(calendar, version=calendar.version + 1)
        return True

    def mark_withheld(self, calendar: Calendar, start: int, reason: str, at: int) -> None:
        self._store.ping()
        stored = self.stored
        unmarked = stored and any(each.start == start and each.withheld is None for each in stored.brown_outs)
        if stored is None or stored.version != calendar.version or not unmarked:
            return
        marked = [
            replace(each, withheld=reason, withheld_at=at) if each.start == start else each
            for each in stored.brown_outs
        ]
        self.stored = replace(stored, brown_outs=tuple(marked), version=stored.version + 1)

    def record(self, call: V1Call, at: int) -> None:
        self._store.ping()
        name, day = f"{call.caller}|{place_of(call.client)}|{call.route}", day_of(at)
        row = self.kept.get(name, V1Caller(call, at, at))
        days = {**days_since(row.days, at - KEPT_DAYS * DAY_MS), day: row.days.get(day, 0) + 1}
        said = call if row.call == call else replace(call, client=SEVERAL)
        self.kept[name] = V1Caller(said, min(row.first, at), max(row.last, at), days)

    def callers(self, since: int, limit: int) -> Sequence[V1Caller]:
        self._store.ping()
        rows = [row for row in self.kept.values() if row.last >= since]
        found = [replace(row, days=days_since(row.days, since)) for row in rows]
        return sorted(found, key=lambda row: row.last, reverse=True)[: limit or None]

    def count_callers(self, since: int) -> int:
        return len(self.callers(since, 0))

    def page_calls(self, since: int, spared: Sequence[str]) -> Mapping[str, int]:
        self.asked += 1
        found = [row for row in self.callers(since, 0) if row.call.client == PAGE and row.call.caller not in spared]
        return {row.call.route: row.last for row in reversed(found)}

    def has_called(self, caller: str) -> bool:
        self._store.ping()
        return any(call.caller == caller for call in self.rows)

    def old_answers(self, since: int) -> Mapping[str, int]:
        self._store.ping()
        found: dict[str, int] = {}
        for usage, _, at in self._usage.rows:
            by_old = usage.decision.backend is Backend.OLD and usage.decision.reason != Reason.FORCED_OLD
            if by_old and at >= since:
                found[usage.component.value] = max(at, found.get(usage.component.value, at))
        return found
