"""What a repair plans, mends and remembers, what is said meanwhile, and undoing it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import NotFoundError, SyncModeError
from chalicelib.domain.meters.fan_out import FanOut
from chalicelib.domain.meters.walks import Finding, Verification, Walk
from chalicelib.domain.migration.sync.reconciliation import (
    FullDifference,
    Reconciled,
    RepairRun,
    SyncProgress,
    SyncStop,
)
from chalicelib.domain.migration.sync.repairs import KeptDocument, PlannedWrites, Undone
from chalicelib.domain.readings import EnergyType, MeterKey
from infra.simulation.memory.migration.sides import reading
from tests.unit.services.migration.sync.stage import POWER, Hours, Stage

NOW = 1_700_000_000_000
GAS = EnergyType.GAS


@pytest.fixture
def stage() -> Stage:
    """Of alice one reading is on the old side alone, of bob one on the new side alone; of carol both are alike."""
    stage = Stage.at(Hours())
    for user in ("alice", "bob", "carol"):
        stage.sides.write(user, reading(f"of-{user}", POWER, 1, 5))
    stage.use.sync.run(60)
    stage.use.sweeper.run_at_once(60)
    stage.sides.write("alice", reading("more", POWER, 2, 6))
    stage.sides.delete("of-bob")
    return stage


def test_a_plan_says_what_it_would_write_on_which_side_and_changes_nothing(stage: Stage) -> None:
    found: list[str] = []
    steps: list[int] = []
    plan = stage.use.consistency.plan(
        progress=lambda seen: steps.append(seen.meters), found=lambda page: found.extend(each.document for each in page)
    )
    assert (plan.source, plan.documents, plan.meters) == (Side.OLD, {Side.OLD: 3, Side.NEW: 3}, 2)
    assert [each for each in plan.writes if each.inserted or each.deleted or each.changed] == [
        PlannedWrites(Side.NEW, POWER, inserted=1, deleted=1)
    ]
    assert [(each.side, each.type) for each in plan.writes] == [
        (side, energy_type) for side in (Side.OLD, Side.NEW) for energy_type in EnergyType
    ]
    assert (sorted(found), steps) == (["more", "of-bob"], [3])
    assert stage.use.consistency.verify().differences == 2


def test_a_plan_of_one_person_looks_at_nobody_else(stage: Stage) -> None:
    plan = stage.use.consistency.plan("bob")
    assert (plan.found.meters, plan.found.differences, plan.deletes) == (1, 1, 1)


def test_a_plan_from_the_other_side_writes_the_other_way(stage: Stage) -> None:
    plan = stage.use.consistency.plan(source=Side.NEW)
    assert plan.source is Side.NEW
    assert [each for each in plan.writes if each.inserted or each.deleted or each.changed] == [
        PlannedWrites(Side.OLD, POWER, inserted=1, deleted=1)
    ]


def test_where_a_meter_cannot_be_compared_nothing_is_planned_for_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = stage.sides.plan

    def plan_or_fail(meter: MeterKey, run: RepairRun) -> Reconciled:
        if meter == ("alice", POWER):
            raise ValueError("no")
        return planned(meter, run)

    monkeypatch.setattr(stage.sides, "plan", plan_or_fail)
    plan = stage.use.consistency.plan()
    assert (plan.found.differences, sum(each.inserted for each in plan.writes), plan.deletes) == (2, 0, 1)


def test_a_repair_says_what_it_finds_page_by_page_and_what_is_left(stage: Stage) -> None:
    steps: list[tuple[int, int]] = []
    found, left = stage.use.consistency.repair(
        progress=lambda seen: steps.append((seen.meters, seen.differences)), allow_deletes=1
    )
    assert steps == [(3, 2)]
    assert (found.meters, found.differences, left.meters, left.differences) == (3, 2, 2, 0)
    assert stage.sides.quarantined[-1] is None
    assert stage.use.consistency.verify().differences == 0


def test_what_it_deletes_is_kept_under_the_id_of_its_run(stage: Stage) -> None:
    stage.use.consistency.repair(allow_deletes=1, run=RepairRun("repair-by-name"))
    assert [(kept.id, kept.documents) for kept in stage.use.undo.runs()] == [("repair-by-name", 1)]
    stage.sides.delete("of-carol")
    stage.use.consistency.repair(allow_deletes=1)
    assert [kept.id[:23] for kept in stage.use.undo.runs()[1:]] == ["repair-20231114-221320-"]
    run = stage.use.consistency.new_run()
    assert (run.id[:23], len(run.id), run.source) == ("repair-20231114-221320-", 27, None)


def test_one_that_may_delete_less_leaves_the_meter_and_says_why(stage: Stage) -> None:
    _, left = stage.use.consistency.repair(allow_deletes=0)
    [finding] = left.findings
    assert (finding.user_id, finding.type, finding.collection) == ("bob", POWER, "source_energy_readings")
    assert (finding.document, finding.kind) == ("bob|power", "not mended")
    assert finding.problem.startswith("is not mended: ")
    assert (left.meters, left.lagging, left.differences) == (2, 0, 1)


def test_a_number_of_deletions_is_for_all_meters_together(stage: Stage) -> None:
    stage.sides.delete("of-carol")
    assert stage.use.consistency.repair(allow_deletes=1)[1].differences == 1
    assert stage.use.consistency.repair(allow_deletes=1)[1].differences == 0


def test_one_of_a_person_leaves_the_others(stage: Stage) -> None:
    found, left = stage.use.consistency.repair("alice")
    assert (found.meters, found.differences, left.differences) == (1, 1, 0)
    assert stage.use.consistency.verify().differences == 1


def test_without_a_number_the_plan_is_of_that_person_and_from_that_side(stage: Stage) -> None:
    for number in range(3, 25):
        stage.sides.write("carol", reading(f"carol-{number}", POWER, number, number))
    stage.use.sync.run(60)
    for number in range(3, 25):
        stage.sides.delete(f"carol-{number}")
    with pytest.raises(SyncModeError, match="it would delete 22 documents; python -m infra repair shows which"):
        stage.use.consistency.repair("carol")
    assert stage.use.consistency.repair("alice")[1].differences == 0
    assert stage.use.consistency.repair(source=Side.NEW)[1].differences == 0, "from the new side it deletes nothing"


def test_a_comparison_under_way_begins_anew_behind_a_repair(stage: Stage) -> None:
    stage.use.consistency.verify_for(0)
    stage.ports.fan_outs.begin(FanOut(Walk.VERIFY, "by-workers", NOW, None, SyncMode.DUAL_WRITE, "", 0))
    stage.use.consistency.repair(allow_deletes=1)
    assert stage.ports.sync_control.walk_progress(Walk.VERIFY) is None
    assert stage.ports.fan_outs.fan_out(Walk.VERIFY) is None


def test_a_repair_of_everybody_answers_a_stop_with_its_command_and_its_reason(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, int]] = []
    monkeypatch.setattr(stage.ports.sync_control, "answer_stop", lambda *answer: said.append(answer))
    stage.ports.sync_control.save_stop(SyncStop(NOW, "most of it is gone"))
    run = RepairRun("repair-by-name")
    assert stage.use.consistency.repair(source=Side.OLD, allow_deletes=0, run=run, reason="why")[1].differences == 1
    assert said == [], "what differs still is no answer"
    position = stage.sides.position()
    stage.use.consistency.repair(source=Side.OLD, allow_deletes=9, run=run, reason="they were moved")
    assert said == [("repair-by-name --from old: they were moved", NOW)]
    assert stage.ports.sync_control.sync_progress() == SyncProgress(position, FullDifference(None))


def test_a_repair_without_a_stop_leaves_the_position_of_the_job(stage: Stage) -> None:
    before = stage.ports.sync_control.sync_progress()
    stage.use.consistency.repair(source=Side.OLD, allow_deletes=9)
    assert stage.ports.sync_control.sync_progress() == before


@pytest.mark.parametrize("mode", [SyncMode.OLD_ONLY, SyncMode.NEW_ONLY])
def test_from_a_side_nothing_is_mended_while_the_other_one_rests(stage: Stage, mode: SyncMode) -> None:
    stage.store.stored.sync = SyncState(mode)
    for ask in (stage.use.consistency.plan, stage.use.consistency.repair):
        with pytest.raises(SyncModeError, match=f"the mode is {mode}: one side rests, .*; leave out --from"):
            ask(source=Side.OLD)


def test_in_old_only_the_display_is_nobodys_so_no_drain_is_waited_for(stage: Stage) -> None:
    stage.store.stored.sync = SyncState(SyncMode.OLD_ONLY, NOW - 1)
    assert stage.use.consistency.verify().differences == 0
    stage.store.stored.sync = SyncState(SyncMode.NEW_ONLY, NOW - 1)
    with pytest.raises(SyncModeError, match="may still arrive: wait 91 s"):
        stage.use.consistency.verify()


def test_a_side_that_still_catches_up_is_no_source_and_the_other_one_is(stage: Stage) -> None:
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, catching_up=Side.NEW)
    expected = "the old side still catches up with the new one.*python -m infra repair --from new --apply"
    with pytest.raises(SyncModeError, match=expected):
        stage.use.consistency.plan(source=Side.OLD)
    assert stage.use.consistency.plan(source=Side.NEW).source is Side.NEW
    assert stage.use.consistency.plan().source is Side.NEW


def test_a_verify_gives_every_finding_page_by_page_and_says_what_nobody_can_read(stage: Stage) -> None:
    found: list[Finding] = []
    stage.sides.damage("of-carol")
    seen = stage.use.consistency.verify(found=found.extend)
    assert [each.document for each in found] == [each.document for each in seen.findings] == ["more", "of-bob"]
    assert [each.document for each in seen.unreadable.documents] == ["of-carol"]
    of_alice = stage.use.consistency.verify("alice")
    assert (of_alice.meters, of_alice.differences, len(of_alice.unreadable.documents)) == (1, 1, 1)
    assert stage.use.consistency.with_unreadable(Verification(SyncMode.DUAL_WRITE)).unreadable == seen.unreadable


def test_readings_are_read_of_meters_with_different_digests_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = stage.sides.differences

    def differences(meter: MeterKey) -> list[Finding]:
        asked.append(meter[0])
        return real(meter)

    monkeypatch.setattr(stage.sides, "differences", differences)
    assert stage.use.consistency.verify().differences == 2
    assert asked == ["alice", "bob"]


def test_of_a_meter_whose_sides_differ_the_display_is_not_compared_too(stage: Stage) -> None:
    """Mending calculates it again. The other meter of the same person is."""
    stage.sides.write("alice", reading("gas", GAS, 1, 5))
    stage.use.sync.run(60)
    stage.use.sweeper.run_at_once(60)
    stage.sides.write("alice", reading("still more", POWER, 3, 7))
    shown = stage.store.stored.display
    for key in [key for key in shown if key[0] in ("alice", "carol") and key[2] == "summary"]:
        del shown[key]
    seen = stage.use.consistency.verify()
    assert [(each.user_id, each.document) for each in seen.findings] == [
        ("alice", "still more"),
        ("alice", "alice|gas|summary|-|c2"),
        ("carol", "carol|power|summary|-|c2"),
    ]


def test_a_verify_of_one_person_is_no_comparison_of_all(stage: Stage) -> None:
    stage.use.consistency.verify("alice")
    assert stage.use.consistency.last_verified() is None
    stage.use.consistency.verify()
    assert (last := stage.use.consistency.last_verified()) is not None
    assert (last.at, last.since, last.meters, last.lagging, last.differences) == (NOW, None, 3, 0, 2)


def test_how_many_differ_is_counted_from_the_first_meter_on(stage: Stage) -> None:
    stage.use.consistency.verify_for(0)
    stage.sides.delete("of-carol")
    assert stage.use.consistency.count_differences() == 3
    assert stage.use.consistency.count_meters() == 3


def test_within_a_time_limit_it_says_how_far_it_is_and_goes_on(stage: Stage) -> None:
    for number in range(30):
        stage.sides.write(f"user-{number:02}", reading(f"of-{number}", POWER, 1, 5))
    stage.use.sync.run(60)
    expected = r"has seen 20 of about 33 meters; try again, it goes on where it is"
    with pytest.raises(SyncModeError, match=expected):
        stage.use.consistency.count_differences_within(0)
    assert stage.use.consistency.count_differences_within(1) == 0
    assert (last := stage.use.consistency.last_verified()) is not None
    assert last.meters == 33


def test_what_workers_have_compared_is_kept_for_the_mode_in_which_they_began(stage: Stage) -> None:
    job = stage.use.consistency.in_ranges()[Walk.VERIFY]
    assert job.begin() == stage.store.sync()
    fan_out = FanOut(Walk.VERIFY, "by-workers", NOW, 17, SyncMode.DUAL_WRITE, "", 0)
    seen = job.look(fan_out)([("alice", POWER), ("carol", POWER)], stage.store.sync())
    assert (seen.meters, seen.differences) == (2, 1)
    job.keep(replace(seen, up_to=5), fan_out)
    assert (last := stage.use.consistency.last_verified()) is not None
    assert (last.since, last.meters, last.differences, last.up_to) == (17, 2, 1, 5)


def test_an_undone_run_brings_its_documents_back_and_refreshes_their_meters(stage: Stage) -> None:
    stage.use.consistency.repair(allow_deletes=1, run=RepairRun("repair-by-name"))
    done = stage.use.undo.undo("repair-by-name")
    assert (done.restored, [*done.meters]) == (1, [("bob", POWER)])
    state = stage.store.stored.meters["bob", POWER].state
    assert state.display_version == state.source_version
    assert [(kept.id, kept.undone) for kept in stage.use.undo.runs()] == [("repair-by-name", 1)]
    assert stage.use.undo.undo("repair-by-name").restored == 0, "once"


def test_what_an_undo_overwrites_is_kept_under_an_id_of_its_own(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.use.consistency.repair(allow_deletes=1, run=RepairRun("repair-by-name"))
    runs: list[RepairRun] = []
    real = stage.sides.repaired.bring_back

    def bring_back(documents: Sequence[KeptDocument], run: RepairRun) -> Undone:
        runs.append(run)
        return real(documents, run)

    monkeypatch.setattr(stage.sides.repaired, "bring_back", bring_back)
    stage.use.undo.undo("repair-by-name")
    [run] = runs
    assert (run.id[:21], len(run.id), run.source) == ("undo-20231114-221320-", 25, None)


def test_of_a_run_that_nobody_knows_nothing_is_undone(stage: Stage) -> None:
    expected = "nothing is kept of a run 'repair-x'; see: python -m infra repair runs"
    with pytest.raises(NotFoundError, match=expected):
        stage.use.undo.undo("repair-x")
