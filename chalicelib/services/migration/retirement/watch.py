"""The check at each call of version 1: what is announced, and whether the call is answered.

The calendar is read every ten seconds at most, and during a brown-out, as often, what of our own still calls. Where the
calendar cannot be read, what was read last goes on, and where nothing ever was, version 1 answers. Where nobody can say
what of our own calls, version 1 answers, whatever was known before.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import BrownOut, Phase
from chalicelib.domain.migration.retirement.callers import PAGE, V1Call, own_calls, withheld_by
from chalicelib.domain.migration.retirement.errors import BrownOutError, SunsetError
from chalicelib.domain.migration.retirement.ports import RetirementRecords
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.metrics import count
from chalicelib.monitoring.names import MetricName
from chalicelib.services.migration.backends.backend_usage import attempted

CACHE_MS = 10_000
NOBODY_KNOWS = "nobody can say whether something of our own still calls"
NOT_NOTED = "a caller of version 1 was not noted"
NOT_MARKED = "a brown-out that is withheld was not noted"
T = TypeVar("T")


class Remembered(Generic[T]):
    """A value that is looked up again when it is old, after a failure too.

    ``unknown``: what it is before anybody has looked. After a failure it is that again, or the last value goes on
    (``keeps``).
    """

    def __init__(self, unknown: T, clock: Clock, cache_ms: int, *, keeps: bool) -> None:
        self._unknown = unknown
        self._clock = clock
        self._cache_ms = cache_ms
        self._keeps = keeps
        self._value = unknown
        self._looked_at: int | None = None

    def get(self, look: Callable[[], T]) -> T:
        """The value. Never raises."""
        now = self._clock()
        if self._looked_at is None or not 0 <= now - self._looked_at < self._cache_ms:
            self._looked_at = now
            try:
                self._value = look()
            except Exception as error:  # noqa: BLE001 no caller of version 1 pays for it
                logger().warning("what is announced of version 1 cannot be read", exc_info=error)
                self._value = self._value if self._keeps else self._unknown
        return self._value


class RetirementWatch:
    """What version 1's routes ask. ``cache_ms``: how old an answer may be."""

    def __init__(
        self, records: RetirementRecords, pseudonyms: Pseudonyms, clock: Clock, cache_ms: int = CACHE_MS
    ) -> None:
        self._records = records
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._calendar = Remembered[Calendar | None](None, clock, cache_ms, keeps=True)
        self._withheld = Remembered[str | None](NOBODY_KNOWS, clock, cache_ms, keeps=False)

    def calendar(self) -> Calendar | None:
        """The announced calendar; None: there is none, or nobody could ever read it."""
        return self._calendar.get(self._records.calendar)

    def sunset(self) -> SunsetError | None:
        """What every call is answered with after the end."""
        calendar = self.calendar()
        if calendar is None or calendar.phase(self._clock()) is not Phase.SUNSET:
            return None
        return SunsetError(calendar.sunset_at)

    def admit(self, user_id: str, client: str, route: str) -> None:
        """Note who calls, and let them in.

        Raises:
            SunsetError: version 1 has reached its end.
            BrownOutError: it is away for a while; who has an opt-out, and our own page, get in.
        """
        now, call = self._clock(), V1Call(self._pseudonyms.of("user", user_id), client, route)
        attempted(NOT_NOTED, lambda: self._records.record(call, now))
        if ended := self.sunset():
            raise ended
        calendar = self.calendar()
        present = calendar.present(now) if calendar else None
        if calendar is None or present is None or calendar.spares(call.caller, now):
            return
        reason = f"the page calls {route}" if client == PAGE else self._own_use(calendar, now)
        if reason is None:
            raise BrownOutError(present, calendar.following(now), calendar.sunset_at)
        self._withhold(calendar, present, reason, now)

    def _own_use(self, calendar: Calendar, now: int) -> str | None:
        """What of our own still calls, which the brown-out would meet."""
        return self._withheld.get(lambda: withheld_now(self._records, calendar, now))

    def _withhold(self, calendar: Calendar, present: BrownOut, reason: str, now: int) -> None:
        """Let version 1 answer, and say so."""
        count(MetricName.BROWN_OUTS_WITHHELD)
        if present.withheld is None:
            attempted(NOT_MARKED, lambda: self._records.mark_withheld(calendar, present.start, reason, now))


def withheld_now(records: RetirementRecords, calendar: Calendar, now: int) -> str | None:
    """Why a brown-out that began now would not: what of our own has called lately. Raises UnavailableError.

    Who has an opt-out would meet no brown-out, and so does not keep it from others, whatever they call by.
    """
    since = now - calendar.terms.own_quiet_ms
    spared = [each.caller for each in calendar.opt_outs if calendar.spares(each.caller, now)]
    return withheld_by(own_calls(records.page_calls(since, spared), records.old_answers(since)))
