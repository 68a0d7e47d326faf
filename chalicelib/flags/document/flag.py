"""A flag in the operator's terms: on or off, percentage, people. ``feature_models`` has its form in the document."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chalicelib.domain.readings import moment as moment
from chalicelib.flags.document.names import COMPONENTS, GLOBAL

NOBODY, EVERYBODY = Decimal(0), Decimal(100)


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. ``exact_user_ids``: the percentage as a list of people, None where the hash decides;
    at 100 % everybody is in, and the list remembers who came first.

    The percentage has up to three decimals; instants are UTC milliseconds, stored to the second.
    """

    name: str
    created_at: int
    updated_at: int
    enabled: bool = False
    rollout_percent: Decimal = NOBODY
    test_user_ids: tuple[str, ...] = ()
    blocked_user_ids: tuple[str, ...] = ()
    exact_user_ids: tuple[str, ...] | None = None
    retired: bool = False

    @property
    def component_scope(self) -> str | None:
        """The component that the flag is about; None for the global gate."""
        return COMPONENTS[self.name].value if self.name in COMPONENTS else None

    def names(self, user_id: str) -> bool:
        """Whether a person is in one of its lists."""
        return user_id in (*self.test_user_ids, *self.blocked_user_ids, *(self.exact_user_ids or ()))

    def as_json(self) -> dict[str, Any]:
        """The flag as operators and the record of changes see it."""
        members: dict[str, Any] = {
            "name": self.name,
            "componentScope": self.component_scope,
            "enabled": self.enabled,
            "createdAt": moment(self.created_at),
            "updatedAt": moment(self.updated_at),
        }
        if self.name != GLOBAL:
            members |= {
                "rolloutPercent": plain(self.rollout_percent),
                "testUserIds": list(self.test_user_ids),
                "blockedUserIds": list(self.blocked_user_ids),
                "exactUserIds": None if self.exact_user_ids is None else list(self.exact_user_ids),
                "retired": self.retired,
            }
        return members


def plain(percent: Decimal) -> int | float:
    """A percentage as JSON has it."""
    return int(percent) if percent == percent.to_integral_value() else float(percent)
