"""The plan of a rollout: which percentage follows which, how long each is held, and who has to agree."""

import re
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.errors import FieldError, InvalidInputError
from chalicelib.domain.migration.gate.evidence import AllowedHours
from chalicelib.domain.zones import known_zone

SECOND_MS = 1_000
UNITS_MS = {"s": SECOND_MS, "m": 60 * SECOND_MS, "h": 3_600 * SECOND_MS, "d": 86_400 * SECOND_MS}
DAY_MS = UNITS_MS["d"]
LONGEST_HOLD_MS = 365 * DAY_MS
MOST_STEPS = 20
MOST_APPROVALS = 1
TEST_USERS = "test"
WRITTEN_STEP = re.compile(r"(test|[0-9]+(?:\.[0-9]{1,3})?):([0-9]{1,9})([smhd])")
NOBODY, EVERYBODY = Decimal(0), Decimal(100)


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``percent`` 0: test users alone. ``hold_ms``: how long it is held before the next one."""

    percent: Decimal
    hold_ms: int

    @property
    def name(self) -> str:
        """What people call it."""
        return "test users" if self.percent == NOBODY else f"{self.percent.normalize():f} %"


STEPS = (
    Step(NOBODY, DAY_MS),
    Step(Decimal(10), 2 * DAY_MS),
    Step(Decimal(50), 2 * DAY_MS),
    Step(EVERYBODY, 7 * DAY_MS),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps, one after the other.

    ``approvals``: how many other people must agree to a rise. ``hours``: when something may rise, None: always; the
    gate looks at them. ``exact``: percentages are lists of people.
    """

    steps: tuple[Step, ...] = STEPS
    approvals: int = 0
    hours: AllowedHours | None = None
    exact: bool = False

    def __post_init__(self) -> None:
        """Raise InvalidInputError for steps that do not rise, or that nobody could take."""
        if not 0 < len(self.steps) <= MOST_STEPS:
            raise _invalid("steps", f"a plan has 1 to {MOST_STEPS} steps")
        percents = [step.percent for step in self.steps]
        if any(not NOBODY <= each <= EVERYBODY or each * 1000 % 1 for each in percents):
            raise _invalid("steps", "a percentage is a number from 0 to 100 with at most three decimals")
        if percents != sorted(set(percents)):
            raise _invalid("steps", "each step is higher than the one before")
        if any(not 0 <= step.hold_ms <= LONGEST_HOLD_MS for step in self.steps):
            raise _invalid("steps", "a step is held for a year at most")
        if not 0 <= self.approvals <= MOST_APPROVALS:
            raise _invalid("approvals", f"0 to {MOST_APPROVALS}")
        if self.hours is not None:
            _check(self.hours)

    def reached(self, percent: Decimal) -> int:
        """The last step that a percentage has reached; -1: not even the first."""
        return sum(step.percent <= percent for step in self.steps) - 1

    def below(self, percent: Decimal) -> Decimal | None:
        """The percentage one step back; None: off."""
        return max((step.percent for step in self.steps if step.percent < percent), default=None)


def steps_of(text: str) -> tuple[Step, ...]:
    """Steps as people write them: ``test:1d,10:2d,50:2d,100:7d``. Raises InvalidInputError."""
    return tuple(_step(each.strip()) for each in text.split(","))


def written(steps: tuple[Step, ...]) -> str:
    """Steps as ``steps_of`` takes them."""
    return ",".join(
        f"{TEST_USERS if step.percent == NOBODY else f'{step.percent.normalize():f}'}:{_duration(step.hold_ms)}"
        for step in steps
    )


def _check(hours: AllowedHours) -> None:
    if not 0 <= hours.first < hours.last <= 24:
        raise _invalid("hours", "from an hour to a later one of the same day, 0 to 24, such as 9-17")
    if not known_zone(hours.zone):
        raise _invalid("hours", f"{hours.zone!r} is no zone; write one such as Europe/Berlin")
    if not hours.days or not set(hours.days) <= set(range(7)):
        raise _invalid("hours", "days are numbers from 0 (Monday) to 6")


def _step(text: str) -> Step:
    found = WRITTEN_STEP.fullmatch(text)
    if found is None:
        raise _invalid("steps", f"{text!r} is no step: write test:1d or 10:2d (units: s, m, h, d)")
    percent, number, unit = found.groups()
    return Step(NOBODY if percent == TEST_USERS else Decimal(percent), int(number) * UNITS_MS[unit])


def _duration(hold_ms: int) -> str:
    unit = next((unit for unit in "dhm" if hold_ms and hold_ms % UNITS_MS[unit] == 0), "s")
    return f"{hold_ms // UNITS_MS[unit]}{unit}"


def _invalid(where: str, reason: str) -> InvalidInputError:
    return InvalidInputError(f"{where}: {reason}", (FieldError(where, reason),))
