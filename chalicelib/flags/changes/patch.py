"""An operator's patch of a flag, and applying it. Whether the result may be deployed is decided elsewhere."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from math import ceil

from chalicelib.domain.errors import FieldError, InvalidInputError, RolloutError, UnavailableError
from chalicelib.flags.document.bucketing import PER_PERCENT, bucket, exact_cohort, exact_size
from chalicelib.flags.document.feature_models import MOST_IDS
from chalicelib.flags.document.flag import EVERYBODY, NOBODY, Flag, plain
from chalicelib.flags.document.names import GLOBAL

WRITTEN = re.compile(r"[0-9]+(\.[0-9]+)?")
Known = Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class FlagPatch:
    """A change of one flag; what is None or empty is not changed.

    ``exact``: the percentage as a list of people, worked out now. A flag that is exact stays so until 0 %.
    """

    enabled: bool | None = None
    percent: Decimal | None = None
    exact: bool = False
    test_users: tuple[str, ...] = ()
    no_test_users: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    unblock: tuple[str, ...] = ()
    retire: bool = False

    def __post_init__(self) -> None:
        """Raise InvalidInputError where one part takes back what another asks for."""
        if self.retire and self._changes_more():
            raise InvalidInputError("a flag is retired, and nothing else about it is changed")
        for added, removed in ((self.test_users, self.no_test_users), (self.block, self.unblock)):
            if both := sorted({*added} & {*removed}):
                raise InvalidInputError(f"{', '.join(both)}: added and removed at once; say one of them")

    def _changes_more(self) -> bool:
        users = (*self.test_users, *self.no_test_users, *self.block, *self.unblock)
        return bool(users) or self.exact or (self.enabled, self.percent) != (None, None)


def percentage(given: object) -> Decimal:
    """A percentage from 0 to 100 with at most three decimals. Raises InvalidInputError."""
    try:
        percent = Decimal(str(given))
        written = not isinstance(given, str) or WRITTEN.fullmatch(given)  # Decimal takes 1_0 for 10
        usable = bool(written) and NOBODY <= percent <= EVERYBODY and percent * PER_PERCENT % 1 == 0
    except InvalidOperation:  # no number, or none that can be compared
        percent, usable = NOBODY, False
    if not usable:
        reason = f"{given!r} is not a number from 0 to 100 with at most three decimals"
        raise InvalidInputError(f"percentage: {reason}", (FieldError("rolloutPercent", reason),))
    return percent


def patched(flag: Flag, patch: FlagPatch, known: Known) -> Flag:
    """The flag with the change; ``known`` is asked for all users only where they are written down by id.

    Raises:
        InvalidInputError: the global gate has no percentage and no users.
        RolloutError: the flag is retired, or an exact percentage cannot be had from where the flag is.
    """
    if flag.retired:
        raise RolloutError(f"{flag.name} is retired: the name is never used again")
    if flag.name == GLOBAL and patch != FlagPatch(patch.enabled):
        raise InvalidInputError("the global gate is on or off: percentages and users belong to components")
    if patch.retire:
        return replace(flag, enabled=False, rollout_percent=NOBODY, exact_user_ids=None, retired=True)
    raised = patch.percent is not None and patch.percent > 0
    blocked = _changed(flag.blocked_user_ids, patch.block, patch.unblock)
    flag = replace(
        flag,
        enabled=patch.enabled if patch.enabled is not None else flag.enabled or raised,
        test_user_ids=_changed(flag.test_user_ids, patch.test_users, patch.no_test_users),
        blocked_user_ids=blocked,
    )
    return flag if patch.percent is None else _at(flag, patch.percent, known, exact=patch.exact)


def rolled_back(flag: Flag, percent: Decimal, known: Known) -> Flag:
    """The flag at a lower percentage, with or without the database. Raises RolloutError where that would be higher."""
    if percent > flag.rollout_percent:
        raise RolloutError(f"{flag.name} is at {plain(flag.rollout_percent)} %: {plain(percent)} % is no rollback")
    if percent == flag.rollout_percent:
        return flag

    def known_or_nobody() -> Sequence[str]:
        try:
            return known()
        except UnavailableError:
            return ()

    return _at(flag, percent, known_or_nobody, exact=False)


def _at(flag: Flag, percent: Decimal, known: Known, *, exact: bool) -> Flag:
    if percent == NOBODY or not (exact or flag.exact_user_ids is not None):
        return replace(flag, rollout_percent=percent, exact_user_ids=None)
    users, lowering = known(), percent < flag.rollout_percent
    if flag.exact_user_ids is None or not (lowering or percent == EVERYBODY):
        _check_countable(users)
    if flag.exact_user_ids is None and 0 < flag.rollout_percent <= percent < EVERYBODY:
        raise RolloutError(f"{flag.name} has {plain(flag.rollout_percent)} % by hash: exact begins at 0 %")
    cohort = _fewer(flag, percent, users) if lowering else _more(flag, percent, users)
    return replace(
        flag, rollout_percent=percent if cohort or percent == EVERYBODY else NOBODY, exact_user_ids=cohort or None
    )


def _more(flag: Flag, percent: Decimal, users: Sequence[str]) -> tuple[str, ...]:
    """The list with those who join. It stays at 100 % too, where everybody is in, for the way back."""
    candidates = _unblocked(flag, users)
    return exact_cohort(flag.name, candidates, _seats(flag, percent, users), flag.exact_user_ids or ())


def _fewer(flag: Flag, percent: Decimal, users: Sequence[str]) -> tuple[str, ...]:
    """Who came first stays longest: those on the list in its order, then, by hash order, others who are in now."""
    by_hash = flag.exact_user_ids is None or flag.rollout_percent == EVERYBODY
    end = flag.rollout_percent * PER_PERCENT if by_hash else 0
    others = [user_id for user_id in users if bucket(flag.name, user_id) < end]
    kept, seats = _unblocked(flag, flag.exact_user_ids or ()), _seats(flag, percent, users)
    return exact_cohort(flag.name, _unblocked(flag, others), seats, kept)[:seats]


def _seats(flag: Flag, percent: Decimal, users: Sequence[str]) -> int:
    """How many people a percentage is: of the known ones, or of those on the list where nobody can be counted."""
    if not users and flag.exact_user_ids is not None:
        return ceil(len(flag.exact_user_ids) * percent / flag.rollout_percent)
    return min(exact_size(len(users), percent), MOST_IDS)


def _unblocked(flag: Flag, users: Sequence[str]) -> list[str]:
    blocked = set(flag.blocked_user_ids)
    return [user_id for user_id in users if user_id not in blocked]


def _check_countable(users: Sequence[str]) -> None:
    if not users:
        raise RolloutError("nobody is known yet, so no percentage of the known users is anybody")
    if len(users) > MOST_IDS:
        raise RolloutError(f"exact percentages are for up to {MOST_IDS} known users; leave it to the hash")


def _changed(ids: tuple[str, ...], added: tuple[str, ...], removed: tuple[str, ...]) -> tuple[str, ...]:
    wanted = [user_id for user_id in dict.fromkeys((*ids, *added)) if user_id not in removed]
    if any(not user_id.strip() or len(user_id) > 256 for user_id in added):
        raise InvalidInputError("a user id has 1 to 256 characters")
    if len(wanted) > MOST_IDS:
        raise InvalidInputError(f"a flag names up to {MOST_IDS} users")
    return tuple(wanted)
