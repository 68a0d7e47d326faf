"""Adding rows to hours: for as long as there are any, and as there is time."""

from typing import Any, cast

import pytest

from chalicelib.services.migration.figures.folding import FoldingService

NOW = 1_700_000_000_000


class Rows:
    """Rows that are added in portions, each of which takes a second."""

    def __init__(self, *portions: int) -> None:
        self.portions = [*portions, 0]
        self.asked: list[int] = []
        self.now = NOW

    def fold(self, until: int) -> int:
        self.asked.append(until)
        self.now += 1_000
        return self.portions.pop(0)

    def clock(self) -> int:
        return self.now


@pytest.mark.parametrize(("budget", "asked", "added"), [(0, 1, 5), (1, 1, 5), (1.001, 2, 9), (2, 2, 9), (60, 4, 12)])
def test_none_begins_when_the_time_is_up_and_the_sum_is_said(budget: float, asked: int, added: int) -> None:
    rows = Rows(5, 4, 3)
    assert FoldingService(cast(Any, rows), rows.clock).fold(budget) == added
    assert rows.asked == [NOW] * asked, "what comes meanwhile waits for the next run"
