"""Comparing the sides on the fakes: what the server does not say in time is looked at, not believed."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.bootstrap.container import now, operations
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import SyncModeError, SyncStoppedError, UnavailableError
from chalicelib.domain.meters.walks import Finding, Verification, Walk, WalkProgress
from chalicelib.domain.migration.sync.reconciliation import SyncStop, Verified
from chalicelib.domain.readings import MeterKey
from chalicelib.services.migration.sync.consistency import ConsistencyService
from infra.simulation.memory.migration.sides import reading
from tests.unit.services.migration.sync.stage import HOUR_MS, POWER, Stage, walked


@pytest.fixture
def stage() -> Stage:
    """One meter that is right on both sides, and another one with a reading on the old side alone."""
    stage = Stage.at(now)
    for user in ("alice", "bob"):
        stage.sides.write(user, reading(f"of-{user}", POWER, HOUR_MS, 5))
    stage.use.sync.run(60)
    stage.use.sweeper.run_at_once(60)
    stage.sides.write("bob", reading("new", POWER, 2 * HOUR_MS, 6))
    return stage


@pytest.mark.parametrize("slow", [False, True])
def test_differences_are_found_whether_the_server_has_time_for_digests_or_not(stage: Stage, slow: bool) -> None:
    stage.sides.slow = slow
    seen = stage.use.consistency.verify()
    assert (seen.differences, [finding.document for finding in seen.findings]) == (1, ["new"])
    assert not stage.use.consistency.sides_are_equal()
    found, left = stage.use.consistency.repair()
    assert (found.differences, left.differences) == (1, 0)
    assert stage.use.consistency.sides_are_equal()


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (UnavailableError("too slow"), "was out of time, though the database answers"),
        (ValueError("4711 is no number"), "cannot be calculated (ValueError)"),
    ],
)
def test_a_meter_that_cannot_be_compared_is_a_finding_by_name_and_the_others_have_their_turn(
    stage: Stage, error: Exception, problem: str
) -> None:
    stage.sides.write("alice", reading("newer", POWER, 3 * HOUR_MS, 7))
    stage.sides.failing = ("alice", error)
    for seen in (stage.use.consistency.verify(), stage.use.consistency.repair()[0]):
        named = {(finding.user_id, finding.collection, finding.document): finding.problem for finding in seen.findings}
        assert set(named) == {("alice", "meters", "alice|power"), ("bob", "source_energy_readings", "new")}
        assert named["alice", "meters", "alice|power"].startswith(problem)
        assert "4711" not in str(named)


def test_a_database_that_goes_away_meanwhile_is_no_finding_of_the_meter_that_was_looked_at(stage: Stage) -> None:
    stage.sides.failing, stage.sides.dying = ("bob", UnavailableError("gone")), True
    with pytest.raises(UnavailableError):
        stage.use.consistency.verify()


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("ask", [ConsistencyService.verify, ConsistencyService.sides_are_equal])
def test_a_database_that_answers_nobody_is_no_difference_and_no_equality(
    stage: Stage, ask: Callable[[ConsistencyService], object], slow: bool
) -> None:
    stage.sides.slow, stage.store.down = slow, True
    with pytest.raises(UnavailableError):
        ask(stage.use.consistency)


def test_where_nobody_is_answered_no_meter_is_asked_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would wait for its whole time."""
    asked: list[MeterKey] = []

    def differences(meter: MeterKey) -> list[Finding]:
        asked.append(meter)
        return []

    monkeypatch.setattr(stage.sides, "differences", differences)
    stage.sides.slow, stage.store.down = True, True
    with pytest.raises(UnavailableError):
        stage.use.consistency.sides_are_equal()
    assert asked == []


def test_the_first_difference_belongs_to_a_meter_that_must_be_looked_at_first(stage: Stage) -> None:
    """A walk that was interrupted between alice and bob has not seen bob."""
    walked(stage, since=None)
    assert stage.use.consistency.verify().differences == 1
    walked(stage, since=None, after="bob")
    assert stage.use.consistency.verify().differences == 0, "bob was seen already"
    assert stage.use.consistency.verify(restart=True).differences == 1


@pytest.mark.parametrize("begun", ["in an earlier mode", "more than an hour ago", "in the future"])
def test_a_walk_that_says_nothing_about_the_present_is_not_taken_up(stage: Stage, begun: str) -> None:
    present = stage.store.sync()
    since = 5 if begun == "in an earlier mode" else None
    age = {"more than an hour ago": HOUR_MS + 1, "in the future": -60_000}.get(begun, 0)
    walked(stage, since, started=present.read_at - age, after="bob")
    assert stage.use.consistency.verify().differences == 1


def test_a_walk_of_the_last_hour_is_taken_up() -> None:
    stage = Stage.at(lambda: 1_700_000_000_000)
    walked(stage, None, started=stage.store.sync().read_at - HOUR_MS, after="bob")
    assert stage.use.consistency.verify().resumed == ("bob", POWER)


def test_a_verify_says_on_which_code_and_other_code_begins_at_the_start() -> None:
    code = ["a1"]
    stage = Stage.at(lambda: 1_700_000_000_000)
    verify = operations(stage.ports, lambda: 1_700_000_000_000, lambda: code[0]).consistency
    walk = WalkProgress(stage.store.sync().read_at, None, ("bob", POWER), Verification(SyncMode.DUAL_WRITE, 1), "a1")
    stage.ports.sync_control.save_walk_progress(Walk.VERIFY, walk)
    assert verify.verify().resumed == ("bob", POWER)
    assert (found := stage.ports.sync_control.verified()) is not None
    assert found.code == "a1"
    stage.ports.sync_control.save_walk_progress(Walk.VERIFY, walk)
    code[0] = "b2"
    assert verify.verify().resumed is None
    assert (found := stage.ports.sync_control.verified()) is not None
    assert found.code == "b2"


def test_by_schedule_other_code_compares_again_at_once() -> None:
    code = ["a1"]
    stage = Stage.at(lambda: 1_700_000_000_000)
    verify = operations(stage.ports, lambda: 1_700_000_000_000, lambda: code[0]).consistency
    assert verify.verify_by_schedule(60)
    assert not verify.verify_by_schedule(60)
    code[0] = "b2"
    assert verify.verify_by_schedule(60)
    assert not verify.verify_by_schedule(60)


def test_differences_are_seen_first_by_the_first_verify_of_those_in_a_row_that_find_any(stage: Stage) -> None:
    hour = [0]
    verify = operations(stage.ports, lambda: hour[0]).consistency

    def sightings() -> tuple[int | None, int | None]:
        hour[0] += 1
        verify.verify(restart=True)
        found = stage.ports.sync_control.verified()
        assert found is not None
        return found.first_seen, found.last_seen

    assert sightings() == (1, 1)
    assert sightings() == (1, 2)
    stage.use.sync.run(60)
    assert sightings() == (None, None)
    stage.sides.write("bob", reading("newer", POWER, 3 * HOUR_MS, 7))
    assert sightings() == (4, 4)


def test_a_verify_from_before_sightings_were_kept_counts_as_the_first_one() -> None:
    before = Verified(at=5, since=None, meters=1, lagging=0, differences=2)
    assert replace(before, at=9).after(before) == replace(before, at=9, first_seen=5, last_seen=9)


def test_a_verify_says_how_many_of_its_differences_lose_nothing(stage: Stage) -> None:
    stage.sides.write("alice", reading("newer", POWER, 3 * HOUR_MS, 7))
    stage.sides.failing = ("alice", UnavailableError("too slow"))
    stage.use.consistency.verify()
    assert (found := stage.ports.sync_control.verified()) is not None
    assert (found.differences, found.calculated) == (2, 1)


def test_a_verify_has_seen_all_up_to_the_time_at_which_it_began(stage: Stage) -> None:
    """Also where it goes on with a walk that began earlier."""
    walked(stage, since=None, up_to=7_000)
    stage.use.consistency.verify()
    assert (found := stage.ports.sync_control.verified()) is not None
    assert found.up_to == 7_000
    began = stage.store.sync().read_at // 1000 * 1000
    stage.use.consistency.verify()
    assert (found := stage.ports.sync_control.verified()) is not None
    assert began <= (found.up_to or 0) <= stage.store.sync().read_at


def test_a_walk_remembers_where_it_is_after_a_hundred_meters(stage: Stage) -> None:
    for number in range(118):
        stage.sides.write(f"carol-{number:03}", reading(f"r{number}", POWER, HOUR_MS, 5))
    seen = list[int]()
    stage.use.consistency.verify(progress=lambda so_far: seen.append(so_far.meters))
    assert seen == [100, 120]


@pytest.mark.parametrize("since_ms", [0, 80_000])
def test_nothing_is_compared_before_the_drain_is_over(stage: Stage, since_ms: int) -> None:
    moment = now()
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, moment - since_ms)
    for ask in (stage.use.consistency.verify, stage.use.consistency.repair):
        with pytest.raises(SyncModeError):
            ask()
    stage.store.stored.sync = replace(stage.store.stored.sync, since=moment - 3 * HOUR_MS)
    assert stage.use.consistency.verify().differences == 1


def test_a_stop_refuses_every_repair_but_one_of_everybody_from_a_side_that_is_named(stage: Stage) -> None:
    control = stage.use.consistency._control
    control.save_stop(SyncStop(now(), "most of it is gone"))
    for user, source in ((None, None), ("bob", None), ("bob", Side.OLD)):
        with pytest.raises(SyncStoppedError, match="most of it is gone"):
            stage.use.consistency.repair(user, source=source)
    assert stage.use.consistency.repair(source=Side.OLD)[1].differences == 0
    assert control.stop() is None


@pytest.mark.parametrize(("source", "meters"), [(None, 1), (Side.OLD, 2)])
def test_from_a_side_that_is_named_what_may_hide_a_damage_is_mended_too(
    stage: Stage, source: Side | None, meters: int
) -> None:
    """Without digests every meter may."""
    stage.sides.slow = True
    assert stage.use.consistency.plan(source=source).meters == meters


def test_the_mode_is_shown_with_its_drain_and_its_stop_and_a_change_returns_what_follows() -> None:
    moment = 1_700_000_000_000
    stage = Stage.at(lambda: moment)
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, moment - 3 * HOUR_MS)
    shown = stage.use.modes.show()
    assert (shown.state, shown.drain_seconds, shown.stop) == (stage.store.sync(), 0, None)
    changed = stage.use.modes.set(SyncMode.OLD_ONLY, " as planned ", "olga")
    assert (changed.mode, changed.since) == (SyncMode.OLD_ONLY, moment)
    stop = SyncStop(moment, "why")
    stage.use.consistency._control.save_stop(stop)
    shown = stage.use.modes.show()
    assert (shown.state.mode, shown.stop) == (SyncMode.OLD_ONLY, stop)
    assert [(change.mode, change.at, change.reason, change.by) for change in shown.changes][-1:] == [
        (SyncMode.OLD_ONLY, moment, "as planned", "olga")
    ]


def test_who_is_asked_to_compare_everything_decides_whether_a_side_goes_on_alone() -> None:
    stage = Stage.at(lambda: 1_700_000_000_000)
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, 1)
    with pytest.raises(SyncModeError, match=r"the new side is not complete, verify finds differences \(3\)"):
        stage.use.modes.set(SyncMode.NEW_ONLY, "workers", count_differences=lambda: 3)
    assert stage.store.stored.sync.mode is SyncMode.DUAL_WRITE
    assert stage.use.modes.set(SyncMode.NEW_ONLY, "workers", count_differences=lambda: 0).mode is SyncMode.NEW_ONLY


def test_a_display_that_differs_from_a_fresh_calculation_is_found_by_its_document() -> None:
    stage = Stage.at(lambda: 1_700_000_000_000)
    stage.sides.write("alice", reading("one", POWER, HOUR_MS, 5))
    stage.use.sync.run(60)
    stage.use.sweeper.run_at_once(60)
    assert stage.use.consistency.verify().differences == 0
    shown = stage.store.stored.display
    monthly = next(key for key in shown if key[2] == "monthly")
    wrong = replace(shown[monthly], data={**shown[monthly].data, "months": []})
    shown[monthly], shown[*monthly[:3], 1999] = wrong, replace(wrong, year=1999)
    del shown[*monthly[:2], "summary", None]
    found = {finding.document: finding.problem for finding in stage.use.consistency.verify().findings}
    assert found == {
        f"alice|power|monthly|{monthly[3]}|c2": "shows something else than a fresh calculation",
        "alice|power|monthly|1999|c2": "should not be there",
        "alice|power|summary|-|c2": "is missing",
    }
    stage.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    assert stage.use.consistency.verify().differences == 0, "nothing is shown from it"


def test_a_repair_that_would_delete_much_is_refused_without_a_number(stage: Stage) -> None:
    names = [f"later-{number}" for number in range(20)]
    for number, name in enumerate(names, 3):
        stage.sides.write("alice", reading(name, POWER, number * HOUR_MS, 10 + number))
    stage.use.sync.run(60)
    for name in names:
        stage.sides.delete(name)
    with pytest.raises(SyncModeError, match="it would delete 20 documents"):
        stage.use.consistency.repair()
    assert stage.use.consistency.repair(allow_deletes=20)[1].differences == 0


@pytest.mark.parametrize(("source", "mended"), [(None, Side.NEW), (Side.OLD, Side.NEW), (Side.NEW, Side.OLD)])
def test_the_side_that_is_mended_has_its_indexes_first(stage: Stage, source: Side | None, mended: Side) -> None:
    stage.use.consistency.repair(source=source, allow_deletes=1)
    assert stage.sides.prepared == (mended,)
