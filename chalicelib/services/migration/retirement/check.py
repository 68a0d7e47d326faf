"""Looks for everything that may block the old backend's end; each look fails alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TypeVar

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.flag_history import FlagHistory
from chalicelib.domain.migration.retirement.blockers import (
    Blocker,
    Part,
    by_answers,
    by_calendar,
    by_callers,
    by_differences,
    by_flags,
    by_mode,
    by_verify,
)
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import USUAL
from chalicelib.domain.migration.retirement.callers import LISTED, quiet_since
from chalicelib.domain.migration.retirement.full_flags import GLOBAL, full_since
from chalicelib.domain.migration.status.flags import FlagsSeen
from chalicelib.domain.operating import COMMAND
from chalicelib.domain.ports.outside import Clock
from chalicelib.services.migration.evidence.looking import Looks, Problem
from chalicelib.services.migration.evidence.sources import StatusSources

LATEST_CHANGES = 200  # of a flag
T = TypeVar("T")
LOOK = f"{COMMAND} status"


class RetirementCheck:
    """What ``python -m infra retire check`` lists."""

    def __init__(self, sources: StatusSources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock

    def blockers(self, days: int, quiet_days: int) -> list[Blocker]:
        """All of them. ``days``: how long everybody must have had the new backend; ``quiet_days``: without callers."""
        sources, now = self._sources.once(), self._clock()
        looks = Looks(sources.ping, sources.limit, self._clock)
        records = sources.retirement
        calendar = looks.at(records.calendar)
        terms = calendar.terms if isinstance(calendar, Calendar) else USUAL
        quiet, lately = quiet_since(now, quiet_days), now - terms.own_quiet_ms
        since = partial(since_when, sources.history)
        said = [
            _said(calendar, Part.SUNSET, partial(by_calendar, now=now)),
            _said(looks.beside(sources.flags), Part.COMPONENTS, lambda seen: _flags(looks, seen, since, days, now)),
            _said(looks.at(lambda: sources.comparisons.groups(0)), Part.DIFFERENCES, partial(by_differences, now=now)),
            _said(
                looks.at(lambda: (sources.control.verified(), sources.control.state())), Part.VERIFY, _two(by_verify)
            ),
            _said(looks.at(lambda: (sources.control.state(), sources.control.stop())), Part.MODE, _two(by_mode)),
            _said(looks.at(lambda: records.callers(quiet, LISTED)), Part.CALLERS, partial(by_callers, days=quiet_days)),
            _said(looks.at(lambda: records.old_answers(lately)), Part.OLD_ANSWERS, by_answers),
        ]
        return [each for found in said for each in found]


def since_when(history: FlagHistory) -> Mapping[Component, int | None]:
    """When each component came to everybody, and the global gate with it; None: nobody knows it."""
    gate = full_since(GLOBAL, history.changes(GLOBAL, LATEST_CHANGES))
    return {component: _latest(gate, _since(history, component)) for component in Component}


def _since(history: FlagHistory, component: Component) -> int | None:
    name = f"{component}_new_backend"
    return full_since(name, history.changes(name, LATEST_CHANGES))


def _latest(gate: int | None, component: int | None) -> int | None:
    return None if gate is None or component is None else max(gate, component)


def _flags(
    looks: Looks, seen: FlagsSeen, since: Callable[[], Mapping[Component, int | None]], days: int, now: int
) -> Iterator[Blocker]:
    begun = looks.at(since)
    return _said(begun, Part.DAYS, lambda known: by_flags(seen, known, days, now))


def _two(judged: Callable[..., Iterator[Blocker]]) -> Callable[[tuple[object, ...]], Iterator[Blocker]]:
    return lambda found: judged(*found)


def _said(found: T | Problem, part: Part, judged: Callable[[T], Iterable[Blocker]]) -> Iterator[Blocker]:
    """What follows from something that was looked at, or that nobody can say."""
    if isinstance(found, Problem):
        yield Blocker(part, f"nobody can say: {found.text}", LOOK, unknown=True)
    else:
        yield from judged(found)
