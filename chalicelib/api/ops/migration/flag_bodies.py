"""Bodies and queries of the operators' routes for flags."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StrictBool

from chalicelib.api.bodies import DIGITS, Body, Number
from chalicelib.api.ops.bodies import ReasonedBody
from chalicelib.flags.changes.patch import FlagPatch, percentage
from chalicelib.monitoring.people import concerning

Users = tuple[str, ...]


class FlagPatchBody(ReasonedBody):
    """A change of one flag; a member that is left out changes nothing."""

    enabled: bool | None = None
    rollout_percent: Number | None = None
    exact: bool = False
    add_test_user_ids: Users = ()
    remove_test_user_ids: Users = ()
    add_blocked_user_ids: Users = ()
    remove_blocked_user_ids: Users = ()
    retire: bool = False
    hurry: StrictBool = Field(False, description="raise the percentage although the gate is shut; it is kept")

    def patch(self) -> FlagPatch:
        """What the use case takes. Raises InvalidInputError."""
        concerning(*self.add_test_user_ids, *self.remove_test_user_ids)
        concerning(*self.add_blocked_user_ids, *self.remove_blocked_user_ids)
        return FlagPatch(
            enabled=self.enabled,
            percent=None if self.rollout_percent is None else percentage(self.rollout_percent),
            exact=self.exact,
            test_users=self.add_test_user_ids,
            no_test_users=self.remove_test_user_ids,
            block=self.add_blocked_user_ids,
            unblock=self.remove_blocked_user_ids,
            retire=self.retire,
        )


class RollbackBody(ReasonedBody):
    """Back to a percentage; without one the flag is switched off."""

    to_percent: Number | None = None

    def percent(self) -> Decimal | None:
        """What the use case takes. Raises InvalidInputError."""
        return None if self.to_percent is None else percentage(self.to_percent)


class PlanQuery(Body):
    """A planned change: from one percentage, or from the present one, to another."""

    start: str | None = Field(None, alias="from")
    end: str = Field(alias="to")
    exact: bool = False


class ExplainQuery(Body):
    """Whose decision to explain: that of now, or of an instant in the past (ISO; UTC where it names no zone)."""

    user: str = Field(min_length=1)
    at: str | None = None


class HistoryQuery(Body):
    """The changes of one flag or of all."""

    flag: str | None = None
    limit: Annotated[int, Field(ge=1, le=500), DIGITS] = 50
