"""JSON of flags, the same on the command line (``--json``) and under ``/ops/flags``."""

from typing import Any

from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.records.usage import Answered
from chalicelib.domain.readings import moment
from chalicelib.flags.changes.inspect import Explanation, Listing
from chalicelib.flags.changes.past import Past, Possible
from chalicelib.flags.changes.planning import Plan, Step
from chalicelib.flags.changes.request import ChangeResult
from chalicelib.flags.document.flag import Flag

FlagMembers = dict[str, Any]


def listing_document(listing: Listing) -> FlagMembers:
    """What is deployed and in use."""
    deployed = listing.deployed
    return {
        "version": listing.document.version,
        "inUse": listing.in_use,
        "configVersion": deployed.config_version,
        "deployment": deployed.latest_deployment,
        "underWay": deployed.under_way,
        "blockedBy": listing.blocked_by,
        "overruled": listing.overruled,
        "flags": [flag.as_json() for flag in listing.flags],
        "malformed": dict(listing.malformed),
        "unknown": sorted(listing.document.unknown),
    }


def change_document(change: FlagChange) -> FlagMembers:
    """One recorded change."""
    return {
        "at": moment(change.at),
        "by": change.by,
        "action": change.action,
        "reason": change.reason,
        "state": change.state.value,
        "before": dict(change.before),
        "after": dict(change.after),
        "fromVersion": change.from_version,
        "toVersion": change.to_version,
        "configVersion": change.config_version,
        "deployment": change.deployment,
        "inEffectMs": change.in_effect_ms,
        "evidence": dict(change.evidence),
        "problem": change.problem,
        "traceId": change.trace_id,
    }


def made_document(made: ChangeResult) -> FlagMembers:
    """A change that was just made."""
    return change_document(made.change) | {"recorded": made.recorded, "overruled": made.overruled}


def plan_document(plan: Plan) -> FlagMembers:
    """Who enters and who leaves."""
    return {
        "flag": plan.before.name,
        "from": _share(plan.before),
        "to": _share(plan.after),
        "known": plan.known,
        "inBefore": plan.in_before,
        "inAfter": plan.in_after,
        "entering": [_step(step) for step in plan.entering],
        "leaving": [_step(step) for step in plan.leaving],
    }


def explanation_document(explanation: Explanation) -> FlagMembers:
    """One decision and why."""
    decision = explanation.decision
    return {
        "user": explanation.user_id,
        "component": explanation.component.value,
        "backend": decision.backend.value,
        "reason": str(decision.reason),
        "rule": explanation.rule,
        "bucket": decision.bucket,
        "documentVersion": explanation.document_version,
    }


def past_document(past: Past) -> FlagMembers:
    """Who answered at an instant in the past, by the records."""
    mode = past.mode
    return {
        "user": past.user_id,
        "component": past.component.value,
        "at": moment(past.at),
        "backend": past.backend and past.backend.value,
        "mode": mode.mode and mode.mode.value,
        "modeSince": None if mode.since is None else moment(mode.since),
        "possible": [_possible(each) for each in past.possible],
        "unknown": list(past.unknown),
        "notes": list(past.notes),
        "answers": [_answered(each) for each in past.answers],
    }


def _possible(each: Possible) -> FlagMembers:
    decision, change = each.decision, each.change
    return {
        "backend": decision.backend.value,
        "reason": str(decision.reason),
        "rule": each.rule,
        "bucket": decision.bucket,
        "documentVersion": decision.document_version,
        "change": change and change_document(change),
    }


def _answered(each: Answered) -> FlagMembers:
    return {
        "at": moment(each.at),
        "backend": each.backend.value,
        "reason": each.reason,
        "documentVersion": each.document_version,
        "success": each.success,
        "elapsedMs": each.elapsed_ms,
        "traceId": each.trace_id,
    }


def _share(flag: Flag) -> FlagMembers:
    shown = flag.as_json()
    return {"rolloutPercent": shown["rolloutPercent"], "exact": flag.exact_user_ids is not None}


def _step(step: Step) -> FlagMembers:
    return {"user": step.user_id, "bucket": step.bucket}
