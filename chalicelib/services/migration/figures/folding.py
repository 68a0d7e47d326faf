"""Adds the rows of the usage log to the hours that figures are read from."""

from chalicelib.domain.migration.records.figures import RolloutFigures
from chalicelib.domain.ports.outside import Clock


class FoldingService:
    """Adds rows for as long as there are any, and as there is time."""

    def __init__(self, figures: RolloutFigures, clock: Clock) -> None:
        self._figures = figures
        self._clock = clock

    def fold(self, budget_seconds: float) -> int:
        """Add what is there by now; returns how many rows. Raises UnavailableError; what was added stays added."""
        began = self._clock()
        end, total = began + budget_seconds * 1000, 0
        while added := self._figures.fold(began):
            total += added
            if self._clock() >= end:
                break
        return total
