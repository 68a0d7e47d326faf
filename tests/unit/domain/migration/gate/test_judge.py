"""Each condition of the gate, alone: where it holds, where it holds people back, and where it takes them back."""

from dataclasses import replace

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.evidence import (
    AllowedHours,
    GateEvidence,
    PairCount,
)
from chalicelib.domain.migration.gate.judge import judge
from chalicelib.domain.migration.gate.verdict import Breach, ConditionName
from chalicelib.domain.operating import Obstacle
from tests.unit.domain.migration.gate.known import (
    CENSUS,
    FEW,
    HERE,
    HOUR,
    LIMITS,
    MANY,
    NEEDED,
    NOW,
    SINCE,
    broken,
    census,
    counted,
    rehearsed,
    verified,
)


@pytest.mark.parametrize("seen", [FEW, MANY], ids=["few", "many"])
def test_the_gate_is_open_where_everything_holds(seen: GateEvidence) -> None:
    verdict = judge(seen, LIMITS)
    assert [each.name for each in verdict.conditions] == [*ConditionName]
    assert verdict.is_open
    assert (verdict.first, verdict.breach) == (None, None)
    assert (verdict.component, verdict.at, verdict.code) == (Component.ENERGY_TABLE, NOW, "code")


SHUT: dict[str, tuple[GateEvidence, ConditionName, Breach | None, str, str]] = {
    "a difference": (
        counted(FEW, differences=("f1", "f2"), unanswered=("f2",)),
        ConditionName.ANSWERS,
        Breach.STEP_BACK,
        "the backends differ, and nobody has answered for it: f2",
        "compare report",
    ),
    "many differences": (
        counted(FEW, differences=tuple("abcde"), unanswered=tuple("abcde")),
        ConditionName.ANSWERS,
        Breach.STEP_BACK,
        "the backends differ, and nobody has answered for it: a, b, c and 2 more",
        "compare report",
    ),
    "lost data": (
        verified(differences=2),
        ConditionName.VERIFIED,
        Breach.KILL,
        "the last verify found 2 differences between the sides",
        "repair",
    ),
    "lost data, seen by other code": (
        verified(differences=1, code="other"),
        ConditionName.VERIFIED,
        Breach.KILL,
        "the last verify found 1 difference between the sides",
        "repair",
    ),
    "a wrong display": (
        verified(differences=2, calculated=2),
        ConditionName.VERIFIED,
        Breach.STEP_BACK,
        "the last verify found 2 documents of the display otherwise than calculated",
        "repair",
    ),
    "a wrong display beside lost data": (
        verified(differences=3, calculated=2),
        ConditionName.VERIFIED,
        Breach.KILL,
        "the last verify found 1 difference between the sides",
        "repair",
    ),
    "lost data in an earlier mode": (
        verified(differences=2, since=SINCE - 1),
        ConditionName.VERIFIED,
        None,
        "the data were last verified in an earlier mode",
        "verify",
    ),
    "an earlier mode's verify": (
        verified(since=None),
        ConditionName.VERIFIED,
        None,
        "the data were last verified in an earlier mode",
        "verify",
    ),
    "other code's verify": (
        verified(code="other"),
        ConditionName.VERIFIED,
        None,
        "the data were last verified on other code",
        "verify",
    ),
    "no verify": (
        replace(FEW, verified=None),
        ConditionName.VERIFIED,
        None,
        "the data were never verified",
        "verify",
    ),
    "data not ready": (
        replace(FEW, readiness=Obstacle("the drain takes 60 s more", "python -m infra mode show")),
        ConditionName.DATA,
        None,
        "the drain takes 60 s more",
        "mode show",
    ),
    "no census": (
        replace(FEW, census=None),
        ConditionName.EVIDENCE,
        None,
        "nobody's views were compared yet: no census has begun",
        "gate show energy_table",
    ),
    "a census under way": (
        census(finished=None, users=7),
        ConditionName.EVIDENCE,
        None,
        "the census is under way: 7 people of 10 asked",
        "gate show energy_table",
    ),
    "a census that has just begun": (
        census(finished=None, users=1),
        ConditionName.EVIDENCE,
        None,
        "the census is under way: 1 person of 10 asked",
        "gate show energy_table",
    ),
    "a census before somebody came": (
        census(users=9),
        ConditionName.EVIDENCE,
        None,
        "the census is under way: 9 people of 10 asked",
        "gate show energy_table",
    ),
    "a census that differs": (
        census(different=1),
        ConditionName.EVIDENCE,
        None,
        "the backends differ in 1 view of the census",
        "gate show energy_table",
    ),
    "a census that differs, under way": (
        census(different=1, finished=None),
        ConditionName.EVIDENCE,
        None,
        "the backends differ in 1 view of the census",
        "gate show energy_table",
    ),
    "a census that could not ask": (
        census(failed=3),
        ConditionName.EVIDENCE,
        None,
        "3 views of the census could not be compared",
        "gate show energy_table",
    ),
    "an old census": (
        census(finished=NOW - LIMITS.census_ms - 1),
        ConditionName.EVIDENCE,
        None,
        "the census is older than 24 hours",
        "gate show energy_table",
    ),
    "other code's census": (
        census(code="other"),
        ConditionName.EVIDENCE,
        None,
        "the census was taken on other code",
        "gate show energy_table",
    ),
    "an earlier mode's census": (
        census(mode_since=SINCE - 1),
        ConditionName.EVIDENCE,
        None,
        "the census was taken in an earlier mode",
        "gate show energy_table",
    ),
    "a census of nothing": (
        census(views=0),
        ConditionName.EVIDENCE,
        None,
        "the census has asked for no view, though there are people",
        "gate show energy_table",
    ),
    "too few in a row": (
        counted(MANY, agreements=NEEDED - 1),
        ConditionName.EVIDENCE,
        None,
        "too few equal answers in a row to exclude 1 % wrong answers: 298 of 299",
        "compare report",
    ),
    "failures": (
        counted(FEW, errors=PairCount(against=8, favour=0, peak=25.6)),
        ConditionName.ERRORS,
        Breach.STEP_BACK,
        "the new backend fails where the old one answers: 8 pairs against it, 0 in its favour",
        "compare report",
    ),
    "slowness": (
        counted(FEW, latency=PairCount(against=40, favour=20, peak=LIMITS.evidence)),
        ConditionName.LATENCY,
        Breach.STEP_BACK,
        "the new backend is slower: 40 pairs against it, 20 in its favour",
        "compare times",
    ),
    "an odd share": (
        replace(FEW, mismatch="150 of 1000 people got the new backend"),
        ConditionName.SHARE,
        None,
        "150 of 1000 people got the new backend",
        "status --component energy_table",
    ),
    "a failing meter": (
        replace(FEW, failing=1, lagging_ms=LIMITS.lag_ms + 1),
        ConditionName.DISPLAY,
        None,
        "1 meter cannot be refreshed",
        "sweep --list",
    ),
    "a lagging meter": (
        replace(FEW, lagging_ms=75_000),
        ConditionName.DISPLAY,
        None,
        "a meter's display has been behind for 75 s",
        "sweep --list",
    ),
    "a dead letter": (
        replace(FEW, dead_letters=1),
        ConditionName.DEAD_LETTERS,
        None,
        "dead letters wait for somebody: 1",
        "dlq ls",
    ),
    "an alarm": (
        replace(FEW, alarms=("ComponentFailing", "NotPublished")),
        ConditionName.ALARMS,
        None,
        "alarms ring: ComponentFailing, NotPublished",
        "alarms",
    ),
    "an ended rule": (
        replace(FEW, rules_ended=("f3",)),
        ConditionName.RULES,
        None,
        "nobody answers any more for differences: f3",
        "compare report",
    ),
    "no rehearsal": (
        replace(FEW, rehearsal=None),
        ConditionName.REHEARSAL,
        None,
        "the way back was never rehearsed",
        "drill rollback",
    ),
    "a rehearsal that failed": (
        rehearsed(passed=False),
        ConditionName.REHEARSAL,
        None,
        "the last rehearsal of the way back did not pass",
        "drill rollback",
    ),
    "an old rehearsal": (
        rehearsed(at=NOW - LIMITS.rehearsal_ms - 1),
        ConditionName.REHEARSAL,
        None,
        "the way back was not rehearsed for 8 days",
        "drill rollback",
    ),
    "a rehearsal by a clock that is months ahead": (
        rehearsed(at=NOW + 90 * 24 * HOUR),
        ConditionName.REHEARSAL,
        None,
        "the last rehearsal of the way back lies ahead: the clock of who made it is wrong",
        "drill rollback",
    ),
    "a rehearsal on other code": (
        rehearsed(on=replace(HERE, code="other")),
        ConditionName.REHEARSAL,
        None,
        "the way back was rehearsed on other code",
        "drill rollback",
    ),
    "a rehearsal in another mode": (
        rehearsed(on=replace(HERE, mode="old_only")),
        ConditionName.REHEARSAL,
        None,
        "the way back was rehearsed in old_only, and the mode is dual_write",
        "drill rollback",
    ),
    "a rehearsal with another document": (
        rehearsed(on=replace(HERE, shape="other")),
        ConditionName.REHEARSAL,
        None,
        "the way back was rehearsed with another shape of the flag document",
        "drill rollback",
    ),
    "the wrong hour": (
        replace(FEW, hours=AllowedHours("Europe/Berlin", 8, 14, (0, 1, 2, 3, 4))),
        ConditionName.HOURS,
        None,
        "components rise only from 8 to 14 o'clock in Europe/Berlin, Monday, Tuesday, Wednesday, Thursday, Friday",
        "gate show energy_table",
    ),
}


@pytest.mark.parametrize(("seen", "name", "breach", "text", "command"), SHUT.values(), ids=SHUT.keys())
def test_one_thing_alone_shuts_the_gate(
    seen: GateEvidence, name: ConditionName, breach: Breach | None, text: str, command: str
) -> None:
    found, verdict = broken(seen), judge(seen, LIMITS)
    assert (found.name, found.holds, found.breach, found.text) == (name, False, breach, text)
    assert found.command == f"python -m infra {command}"
    assert not verdict.is_open
    assert verdict.breach == (found if breach else None)


def test_each_condition_is_seen_to_shut() -> None:
    assert {name for _, name, *_ in SHUT.values()} == {*ConditionName}


@pytest.mark.parametrize("name", ConditionName)
def test_what_nobody_knows_shuts_the_gate_and_takes_nobody_back(name: ConditionName) -> None:
    unknown = {name: Obstacle("the database did not answer", "python -m infra status")}
    found = broken(replace(FEW, unknown=unknown))
    assert (found.name, found.holds, found.breach) == (name, None, None)
    assert (found.text, found.command) == ("the database did not answer", "python -m infra status")
    for seen, shut, *_ in SHUT.values():
        if shut is name:
            assert broken(replace(seen, unknown=unknown)) == found


def test_lost_data_come_before_wrong_answers() -> None:
    seen = counted(verified(differences=1), differences=("f",), unanswered=("f",))
    breach = judge(seen, LIMITS).breach
    assert breach is not None
    assert breach.breach is Breach.KILL


@pytest.mark.parametrize(
    "seen",
    [
        census(finished=NOW - LIMITS.census_ms),
        rehearsed(at=NOW - LIMITS.rehearsal_ms),
        replace(FEW, lagging_ms=LIMITS.lag_ms),
        replace(FEW, people=0, census=replace(CENSUS, users=0, views=0)),
        replace(FEW, people=LIMITS.census_users, census=replace(CENSUS, users=LIMITS.census_users)),
        counted(FEW, differences=("f",)),
        counted(FEW, latency=PairCount(40, 20, LIMITS.evidence - 0.1)),
    ],
    ids=["census", "rehearsal", "lag", "nobody", "as many as a census asks", "answered", "nearly slow"],
)
def test_what_lies_just_within_holds(seen: GateEvidence) -> None:
    assert judge(seen, LIMITS).is_open


@pytest.mark.parametrize(
    ("allowed", "hour", "may"),
    [
        (AllowedHours("UTC", 8, 18), 7, False),
        (AllowedHours("UTC", 8, 18), 8, True),
        (AllowedHours("UTC", 8, 18), 17, True),
        (AllowedHours("UTC", 8, 18), 18, False),
        (AllowedHours("UTC", 0, 24), 0, True),
        (AllowedHours("UTC", 0, 24), 23, True),
        (AllowedHours("UTC", 8, 18, (4,)), 8, True),  # Friday
        (AllowedHours("UTC", 8, 18, (3,)), 8, False),
        (AllowedHours("UTC", 22, 4, (4,)), 22, True),
        (AllowedHours("UTC", 22, 4, (4,)), 23, True),
        (AllowedHours("UTC", 22, 4, (4,)), 3, False),  # belongs to Thursday
        (AllowedHours("UTC", 22, 4, (3,)), 3, True),
        (AllowedHours("UTC", 22, 4, (3, 4)), 4, False),
        (AllowedHours("Asia/Tokyo", 8, 18), 23, True),  # 8 o'clock there
        (AllowedHours("UTC", 0, 24, (5, 6)), 12, False),
    ],
)
def test_hours_are_those_of_a_zone_and_its_days(allowed: AllowedHours, hour: int, may: bool) -> None:
    seen = replace(FEW, hours=allowed)
    shift = (hour - 12) * HOUR
    verdict = judge(replace(seen, now=NOW + shift), replace(LIMITS, census_ms=10**12, rehearsal_ms=10**12))
    assert verdict.is_open is may


def test_a_zone_that_nobody_knows_shuts_the_gate() -> None:
    found = broken(replace(FEW, hours=AllowedHours("Europe/Nowhere", 8, 18)))
    assert (found.name, found.holds) == (ConditionName.HOURS, None)
    assert found.text == "there is no time zone 'Europe/Nowhere'"
