"""The wishes of simulated people (what each does next), and the flips meanwhile: both follow from a seed alone.

A wish names no answer, so that the same seed gives the same wishes whatever was answered; what becomes of one says
``person``. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random

TYPES = ("power", "gas")
DATES = tuple(datetime(2023, 1, 15, 12, tzinfo=UTC) + timedelta(days=61 * number) for number in range(12))
YEARS = (2023, 2024)
MOST_ROWS = 4


class WishKind(StrEnum):
    """What somebody may want to do."""

    LOOK = "look"
    KEEP = "keep"
    REMOVE = "remove"
    IMPORT = "import"
    OUTDATED = "outdated"  # a change with the ETag from before the last one


@dataclass(frozen=True, slots=True)
class Wish:
    """``place`` chooses a slot, ``view`` a view; ``amount`` is nobody else's. ``by_v2``: version 2, not the page."""

    number: int
    kind: WishKind
    meter: str
    place: int
    rows: int
    view: int
    amount: int
    by_v2: bool
    consistent: bool
    conditional: bool


_KINDS = {WishKind.LOOK: 64, WishKind.KEEP: 22, WishKind.REMOVE: 6, WishKind.IMPORT: 5, WishKind.OUTDATED: 3}


def wishes(seed: int, person: int) -> Iterator[Wish]:
    """What one person wishes, without an end."""
    random = Random(f"{seed} wishes {person}")  # noqa: S311 - nothing secret
    number = 0
    while True:
        number += 1
        yield Wish(
            number,
            random.choices(list(_KINDS), list(_KINDS.values()))[0],
            random.choice(TYPES),
            random.randrange(len(DATES)),
            random.randint(1, MOST_ROWS),
            random.randrange(1_000),
            number * 10,  # each row of a file has one of its own
            random.random() < 0.4,
            random.random() < 0.5,
            random.random() < 0.5,
        )


class FlipKind(StrEnum):
    """What may change under people."""

    PERCENT = "percentage"
    GATE = "global gate"
    KILL = "kill switch"
    MODE = "sync mode"
    LIFE = "function's process"


@dataclass(frozen=True, slots=True)
class Flip:
    """``component`` chooses one, all from ``ALL`` on; ``forward``: towards ``new_only``, where there is a choice."""

    kind: FlipKind
    component: int
    percent: int
    forward: bool


ALL = 6  # there are six components
_FLIPS = {FlipKind.PERCENT: 56, FlipKind.GATE: 5, FlipKind.KILL: 5, FlipKind.MODE: 17, FlipKind.LIFE: 17}
_PERCENTS = (0, 10, 50, 90, 100, 100)


def flips(seed: int) -> Iterator[Flip]:
    """What flips, without an end."""
    random = Random(f"{seed} flips")  # noqa: S311 - nothing secret
    while True:
        kind = random.choices(list(_FLIPS), list(_FLIPS.values()))[0]
        yield Flip(kind, random.randrange(ALL + 3), random.choice(_PERCENTS), random.random() < 0.5)
