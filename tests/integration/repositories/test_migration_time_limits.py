"""How long what migration alone asks of the database may take: each command says it, as in ``test_time_limits``."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Ports, mongo_ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.meters.fan_out import FanOut, RangeProgress
from chalicelib.domain.meters.walks import Verification, Walk, WalkProgress
from chalicelib.domain.migration.gate.counted import Counting
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, IgnoreRule, Outcome, Replay, Request
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS
from chalicelib.domain.migration.rollouts.plan import Plan
from chalicelib.domain.migration.rollouts.rollout import Rollout, Seen, State
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.domain.migration.sync.reconciliation import (
    UNNAMED,
    FullDifference,
    Selection,
    SyncProgress,
    SyncStop,
    Verified,
)
from chalicelib.domain.operating import Action, Discarded, Done
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.fence import fence_id
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.repositories.inherited_database import set_mode
from tests.integration.repositories.sent_commands import brief, sent_commands

T = 1_700_000_000_000
TABLE = Component.ENERGY_TABLE
SEEN = Verification(SyncMode.DUAL_WRITE, 0, 0, 0)
FAN_OUT = FanOut(Walk.CHECK, "a", T, T, SyncMode.DUAL_WRITE, "c", T, ())
ROLLOUT = Rollout(component=TABLE, plan=Plan(), state=State.RUNNING, by="olga", reason="why", since=T)
CALENDAR = Calendar(announced_at=T, deprecated_at=T, sunset_at=T + 60 * DAY_MS)
FEEDBACK = Feedback(TABLE, {"limit": 5}, Backend.NEW, Reason.PERCENTAGE_IN, {EnergyType.POWER: 3})
CHANGE = FlagChange("id", T, "olga", "set", "why", {}, {}, "1", "2")
COMPARED = ComparisonResult(Request(TABLE, "alice", {}), Outcome.EQUAL)
VERIFIED = Verified(T, T, 0, 0, 0)


def rollouts(ports: Ports) -> None:
    ports.rollouts.find(TABLE)
    ports.rollouts.all()
    ports.rollouts.carried()
    ports.rollouts.save(ROLLOUT)
    ports.rollouts.save(replace(ROLLOUT, version=1))
    ports.rollouts.see(ROLLOUT, Seen(T, "it waits", "look"))


def census(ports: Ports) -> None:
    claim = ports.census.claim(60)
    assert claim
    ports.census.save(claim, ports.census.censuses())
    ports.census.release(claim)


def counted(ports: Ports) -> None:
    ports.counted.count(Counting(TABLE, "c", "p", agreement="a"), T)
    ports.counted.record(COMPARED, Counting(TABLE, "c", "p", agreement="b"), Pseudonyms(b"key"), T)
    ports.counted.counted(TABLE, "c")
    ports.counted.answered("f")
    ports.counted.gone("f", TABLE, "c", T)


def feedback(ports: Ports) -> None:
    key = ports.feedback.add("alice", FEEDBACK, "p", T)
    ports.feedback.attempt(key, T)
    ports.feedback.settle(key, Outcome.EQUAL, [], T)
    ports.feedback.request(key)


def retirement(ports: Ports) -> None:
    ports.retirement.calendar()
    ports.retirement.save(CALENDAR)
    ports.retirement.count_callers(0)
    ports.retirement.page_calls(0, [])
    ports.retirement.has_called("p")


def comparisons(ports: Ports) -> None:
    ports.comparisons.audit(Replay("f", "olga", T, {}, 0))
    ports.comparisons.save_rule(IgnoreRule("f", "olga", "why", T))


def control(ports: Ports) -> None:
    ports.sync_control.transaction_seconds()
    state = ports.sync_control.state()
    assert ports.sync_control.change(state, replace(state, mode=SyncMode.NEW_ONLY), "why", None)
    ports.sync_control.caught_up(state)
    ports.sync_control.remains()
    ports.sync_control.save_stop(SyncStop(T, "why"))
    ports.sync_control.answer_stop("sync", T)
    ports.sync_control.save_sync_progress(SyncProgress(difference=FullDifference(T, None, by="a")))
    ports.sync_control.count_difference("a", 1, 1)
    ports.sync_control.save_verified(VERIFIED)


def walks(ports: Ports) -> None:
    ports.walks.operation_time()
    ports.walks.save_walk_progress(Walk.CHECK, WalkProgress(T, T, ("a", EnergyType.GAS), SEEN))
    ports.walks.walk_progress(Walk.CHECK)
    ports.walks.save_walk_progress(Walk.CHECK, None)


def fan_outs(ports: Ports) -> None:
    ports.fan_outs.begin(FAN_OUT)
    ports.fan_outs.fan_out(Walk.CHECK)
    ports.fan_outs.pause(FAN_OUT, paused=True)
    ports.fan_outs.sending(FAN_OUT)
    ports.fan_outs.lost(FAN_OUT)
    claim = ports.fan_outs.claim(FAN_OUT, 0, 60)
    assert claim
    ports.fan_outs.save(claim, RangeProgress(0, SEEN))
    ports.fan_outs.release(claim)
    list(ports.fan_outs.progress(FAN_OUT))
    ports.fan_outs.finish(FAN_OUT)
    ports.fan_outs.give_up(FAN_OUT)
    ports.fan_outs.begin(replace(FAN_OUT, id="b"))
    assert ports.fan_outs.give_up(replace(FAN_OUT, id="b"))


def records(ports: Ports) -> None:
    ports.records.drill()
    ports.records.save_drill(RollbackDrill(T, "energy_table", "c", 1, 0, 1.0, passed=True))
    ports.records.not_published()
    ports.flag_history.save(CHANGE, b"")


def operators(ports: Ports) -> None:
    ports.operator_actions.keep(Done(Action.SWEEP, "olga", "why"))
    ports.operator_actions.keep_discarded(Discarded("1", {}, "a text", "olga", "why"))


def erasures(ports: Ports) -> None:
    erasure = ports.erasures.standing(fence_id("alice"))
    assert erasure
    ports.erasures.note(erasure, "flags", 1)
    ports.erasures.finish(erasure)


QUICK: list[Callable[[Ports], None]] = [
    *(rollouts, census, counted, feedback, retirement, comparisons, control),
    *(walks, fan_outs, records, operators, erasures),
]


@pytest.mark.parametrize("use", QUICK)
def test_what_somebody_waits_for_takes_five_seconds_at_most(
    migrated: Database[Any], mongodb_uri: str, use: Callable[[Ports], None]
) -> None:
    set_mode(migrated, SyncMode.DUAL_WRITE)
    mongo_ports(migrated, FakePublisher()).erasures.begin("alice", "p")
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        use(mongo_ports(database, FakePublisher()))
    seen = [command for command in sent if "endSessions" not in command]
    assert seen
    assert [brief(command) for command in seen if not 2_500 < (command.get("maxTimeMS") or 0) <= 5_000] == []


def whole_lists(ports: Ports) -> None:
    ports.lagging.outdated()
    ports.lagging.waiting(0, 0, 1)
    ports.lagging.failing(1)
    ports.meters.bounds(2)
    ports.meters.count_meters()
    ports.repaired.runs()
    ports.twins.count_readings(Side.OLD)
    ports.twins.prepare(Side.NEW)
    ports.figures.figures(TABLE, 0)
    ports.figures.share(TABLE, "1")
    ports.account_export.page("alice", "p", None)


def writes(ports: Ports) -> None:
    ports.display.begin_again("bob", EnergyType.POWER)
    ports.erasures.begin("carol", "p")
    ports.erasures.unfinished()
    ports.erasures.closed()
    ports.erasures.tidy(opens=True)
    ports.figures.fold(0)
    ports.twins.reconcile(("bob", EnergyType.POWER), Selection())
    ports.twins.plan(("bob", EnergyType.POWER), UNNAMED)
    ports.repaired.bring_back([], UNNAMED)
    ports.changes.moment()


@pytest.mark.parametrize("use", [whole_lists, writes])
def test_what_reads_much_or_writes_takes_twenty_at_most(
    migrated: Database[Any], mongodb_uri: str, use: Callable[[Ports], None]
) -> None:
    set_mode(migrated, SyncMode.DUAL_WRITE)
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        use(mongo_ports(database, FakePublisher()))
    seen = [command for command in sent if not {"endSessions", "abortTransaction"} & command.keys()]
    assert [brief(command) for command in seen if not 10_000 < (command.get("maxTimeMS") or 0) <= 20_000] == []
