"""Rollouts as programs see them, on the command line (``--json``) and under ``/ops/rollouts`` alike."""

from dataclasses import asdict
from typing import Any

from chalicelib.domain.migration.rollouts.plan import Plan, Step
from chalicelib.domain.migration.rollouts.rollout import Approval, Entry, Intent, Rollout, Seen, State
from chalicelib.domain.operating import COMMAND
from chalicelib.domain.readings import moment

Members = dict[str, Any]


def rollout_document(rollout: Rollout, now: int) -> Members:
    """How far it is, what comes next and when, what the schedule saw last, and what happened so far."""
    is_running, following = rollout.state is State.RUNNING, rollout.following
    return {
        "component": rollout.component.value,
        "state": rollout.state.value,
        "by": rollout.by,
        "reason": rollout.reason,
        "since": moment(rollout.since),
        "step": rollout.held and _step(rollout.held),
        "next": _step(following) if following is not None and rollout.state is not State.ABORTED else None,
        "secondsLeft": max(0, (rollout.held_until - now) // 1000) if is_running else None,
        "intent": rollout.intent and _intent(rollout.intent),
        "approval": rollout.approval and _approval(rollout.approval),
        "plan": _plan(rollout.plan),
        "seen": rollout.seen and _seen(rollout.seen),
        "log": [_entry(entry) for entry in rollout.log],
        "command": f"{COMMAND} rollout status {rollout.component}",
    }


def _plan(plan: Plan) -> Members:
    hours = plan.hours and {**asdict(plan.hours), "days": list(plan.hours.days)}
    steps = [_step(step) for step in plan.steps]
    return {"steps": steps, "approvals": plan.approvals, "hours": hours, "exact": plan.exact}


def _step(step: Step) -> Members:
    return {"name": step.name, "percent": float(step.percent), "holdSeconds": step.hold_ms // 1000}


def _intent(intent: Intent) -> Members:
    percent = None if intent.percent is None else float(intent.percent)
    return _said(intent) | {"direction": intent.direction.value, "percent": percent}


def _approval(approval: Approval) -> Members:
    return _said(approval) | {"percent": float(approval.percent), "named": approval.named}


def _seen(seen: Seen) -> Members:
    return {"at": moment(seen.at), "text": seen.text, "command": seen.command}


def _entry(entry: Entry) -> Members:
    return _said(entry) | {"what": entry.what}


def _said(said: Approval | Entry | Intent) -> Members:
    return {"at": moment(said.at), "by": said.by, "reason": said.reason}
