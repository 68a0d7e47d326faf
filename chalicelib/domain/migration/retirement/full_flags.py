"""Finding since when a flag has sent everybody to the new backend, by the record of its changes."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange
from chalicelib.domain.migration.retirement.callers import people
from chalicelib.domain.migration.status.flags import FlagsSeen

EVERYBODY = Decimal(100)
GLOBAL = "new_backend_enabled"  # as chalicelib.flags names it


def full_since(name: str, changes: Sequence[FlagChange]) -> int | None:
    """The instant since when a flag sends everybody; None: it does not. ``changes``: its own, the newest first.

    A change of which nobody knows whether it came into effect ends the time, and begins none.
    """
    since = None
    for change in changes:
        if change.state is ChangeState.FAILED or name not in change.after:
            continue
        if not _sends_everybody(change.after[name]):
            break
        if change.state is ChangeState.DEPLOYED:
            since = change.at
    return since


def partly_old(flags: FlagsSeen) -> Iterator[tuple[Component, str]]:
    """The components that the old backend answers for somebody, and why; nothing where the flags decide nothing."""
    if flags.overruled:
        return
    for component in Component:
        if reason := _why_old(flags, component):
            yield component, reason


def _why_old(flags: FlagsSeen, component: Component) -> str | None:
    if component in flags.malformed:
        return f"its flag cannot be read: {flags.malformed[component]}"
    flag = flags.flags[component]
    if flag.retired:
        return "its flag is retired: it sends nobody to the new backend"
    if not flags.global_enabled:
        return "the global gate is off"
    if not flag.enabled:
        return "its flag is off"
    if flag.percent != EVERYBODY:
        return f"its flag is at {flag.percent.normalize():f} %"
    return f"{people(flag.blocked_users)} blocked from the new backend" if flag.blocked_users else None


def _sends_everybody(flag: Mapping[str, Any]) -> bool:
    if not flag["enabled"] or flag.get("retired") or flag.get("blockedUserIds"):
        return False
    return Decimal(str(flag.get("rolloutPercent", EVERYBODY))) == EVERYBODY  # the global gate has no percentage
