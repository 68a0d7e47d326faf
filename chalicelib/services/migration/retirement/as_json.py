"""The calendar and the callers as JSON has them, over HTTP and on the command line alike."""

from collections.abc import Sequence
from typing import Any

from chalicelib.domain.migration.retirement.blockers import Blocker
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import BrownOut, Phase
from chalicelib.domain.migration.retirement.callers import V1Caller
from chalicelib.domain.readings import moment

COMMAND = "python -m infra retire show"


def calendar_document(calendar: Calendar | None, now: int, withheld: str | None) -> dict[str, Any]:
    """Everything that is announced, None: nothing is. ``withheld``: why a brown-out would not begin now."""
    if calendar is None:
        return {"phase": Phase.SILENT.value, "command": COMMAND}
    return {
        "command": COMMAND,
        "phase": calendar.phase(now).value,
        "announcedAt": moment(calendar.announced_at),
        "deprecatedAt": moment(calendar.deprecated_at),
        "sunsetAt": moment(calendar.sunset_at),
        "rehearsal": calendar.rehearsal,
        "brownOuts": [brown_out_document(each) for each in calendar.brown_outs],
        "optOuts": [{"caller": each.caller, "until": moment(each.until)} for each in calendar.opt_outs],
        "withheld": withheld,
        "log": [
            {"at": moment(each.at), "by": each.by, "what": each.what, "reason": each.reason} for each in calendar.log
        ],
    }


def brown_out_document(brown_out: BrownOut) -> dict[str, Any]:
    """One brown-out, and from when on and why it was withheld, where it was."""
    at = brown_out.withheld_at
    return {
        "from": moment(brown_out.start),
        "until": moment(brown_out.end),
        "withheld": brown_out.withheld,
        "withheldAt": None if at is None else moment(at),
    }


def caller_document(caller: V1Caller) -> dict[str, Any]:
    """One row of the ledger."""
    call = caller.call
    return {
        "caller": call.caller,
        "client": call.client,
        "route": call.route,
        "first": moment(caller.first),
        "last": moment(caller.last),
        "calls": caller.calls,
        "days": dict(caller.days),
    }


def callers_document(callers: Sequence[V1Caller], days: int, more: int) -> dict[str, Any]:
    """Who has called in these days, and how many rows there are beyond."""
    return {"days": days, "more": more, "callers": [caller_document(each) for each in callers]}


def blocker_document(blocker: Blocker) -> dict[str, Any]:
    """A blocker for programs."""
    return {
        "part": blocker.part.value,
        "text": blocker.text,
        "command": blocker.command,
        "unknown": blocker.unknown,
        "mayBeForced": blocker.may_be_forced,
    }
