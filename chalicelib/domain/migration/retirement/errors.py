"""Errors of the retirement: version 1 is away, or a calendar is not valid.

EnergyMonitorError
├── ConflictError
│   └── RetirementError        the calendar may not be changed so; says why and what to do
├── BrownOutError              version 1 is away for a while, as was announced
└── SunsetError                version 1 is away for good
"""

from chalicelib.domain.errors import ConflictError, EnergyMonitorError
from chalicelib.domain.migration.retirement.calendar_parts import BrownOut


class RetirementError(ConflictError):
    """Raised when the calendar may not be changed so; says why and what to do."""


class BrownOutError(EnergyMonitorError):
    """Raised for a call of version 1 while it is away; ``following``: the next time, None: none is planned."""

    def __init__(self, present: BrownOut, following: BrownOut | None, sunset_at: int) -> None:
        super().__init__("version 1 is away for a while, as was announced")
        self.present = present
        self.following = following
        self.sunset_at = sunset_at


class SunsetError(EnergyMonitorError):
    """Raised for a call of version 1 after its end."""

    def __init__(self, sunset_at: int) -> None:
        super().__init__("version 1 has reached its end")
        self.sunset_at = sunset_at
