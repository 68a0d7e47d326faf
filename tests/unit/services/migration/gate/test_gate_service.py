"""The gate on the fakes: what each condition goes by, and that each part fails alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.gate.census_records import Censuses, CensusRun, Tally
from chalicelib.domain.migration.gate.counted import Counting
from chalicelib.domain.migration.gate.evidence import AllowedHours
from chalicelib.domain.migration.gate.pairs import Pair
from chalicelib.domain.migration.gate.verdict import Breach, Condition, ConditionName, GateVerdict
from chalicelib.domain.migration.records.comparison_log import IgnoreRule
from chalicelib.domain.migration.records.figures import Share
from chalicelib.domain.migration.rollouts.plan import Plan
from chalicelib.domain.migration.rollouts.rollout import Rollout, State
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.domain.ports.values import MeterState
from chalicelib.domain.readings import EnergyType
from chalicelib.flags.changes.patch import FlagPatch
from infra.simulation.memory.state import Meter
from tests.fakes.gate_evidence import SHAPE, asked
from tests.unit.flags.rollout import REQUEST
from tests.unit.services.migration.status.system import AWAY, System

TABLE, IMPORT, FORMS = Component.ENERGY_TABLE, Component.CSV_IMPORT, Component.ENERGY_FORMS
NAME = ConditionName
CODE = "code"
FINGERPRINT = "0123456789ab"
WRONG = Counting(TABLE, CODE, "pseudonym", differences=(FINGERPRINT,))


@pytest.fixture
def system() -> System:
    return System()


def verdict(system: System, component: Component = TABLE) -> GateVerdict:
    return system.gate().verdict(component)


def shut(system: System, component: Component = TABLE) -> set[ConditionName]:
    """The conditions that do not hold."""
    return {condition.name for condition in verdict(system, component).conditions if not condition.holds}


def condition(system: System, name: ConditionName, component: Component = TABLE) -> Condition:
    return next(each for each in verdict(system, component).conditions if each.name is name)


def drill(system: System, code: str = CODE, mode: str = "dual_write", shape: str = SHAPE, passed: bool = True) -> None:
    record = RollbackDrill(system.rollout.now(), "energy_forms", code, 500, 0, 14.25, passed, mode, shape)
    system.ports.records.save_drill(record)


def keep(system: System, censuses: Censuses) -> None:
    claim = system.ports.census.claim(0)
    assert claim is not None
    system.ports.census.save(claim, censuses)


def people(system: System, count: int) -> None:
    system.rollout.known(*(f"person-{number}" for number in range(count)))


def rule(system: System, until: int) -> None:
    system.ports.comparisons.save_rule(IgnoreRule(FINGERPRINT, "olga", "known", until))


def ring(system: System, name: str, severity: str = "critical") -> None:
    system.cloudwatch.add(f"stack-{name}", "ALARM", f"[{severity}] it rings")


def test_where_all_is_well_it_is_open_and_says_on_which_code(system: System) -> None:
    found = [system.gate().verdict(component) for component in Component]
    assert [each.is_open for each in found] == [True] * len(Component)
    assert {(each.at, each.code) for each in found} == {(system.rollout.now(), CODE)}
    assert [each.name for each in found[0].conditions] == [*ConditionName]


def test_of_all_components_it_says_the_same_as_of_each(system: System) -> None:
    system.ports.counted.count(WRONG, system.rollout.now())
    together = [*system.gate().verdicts()]
    assert together == [system.gate().verdict(component) for component in Component]


def other_verify(system: System) -> None:
    system.rollout.control.save_verified(Verified(system.rollout.now(), None, 0, 0, 0, code="other"))


def old_mode(system: System) -> None:
    system.rollout.mode(SyncMode.OLD_ONLY)
    drill(system, mode="old_only")


def find(system: System, component: Component = TABLE, code: str = CODE) -> None:
    system.ports.counted.count(replace(WRONG, component=component, code=code), system.rollout.now())


def answer(system: System) -> None:
    find(system)
    rule(system, system.rollout.now() + 1)


def end_the_rule(system: System) -> None:
    find(system, code="another code")
    rule(system, system.rollout.now())


def fail(system: System) -> None:
    for _ in range(20):
        system.ports.counted.count(Counting(TABLE, CODE, "p", errors=Pair.AGAINST), system.rollout.now())


def be_slow(system: System) -> None:
    for _ in range(99):
        system.ports.counted.count(Counting(TABLE, CODE, "p", latency=Pair.AGAINST), system.rollout.now())


def be_no_chance(system: System) -> None:
    system.rollout.set(10)
    system.figures.shares[TABLE] = Share(people=200, new=60)


def wait_for_the_rows(system: System) -> None:
    system.figures.shares[TABLE] = Share(people=200, new=0, partial=True)


def lag(system: System) -> None:
    meters = system.rollout.store.stored.meters
    meters["alice", EnergyType.POWER] = Meter(MeterState(2, 1, system.rollout.now() - 75_000))


def census(system: System, **changes: object) -> None:
    run = asked(CODE, None, system.rollout.now())
    keep(system, Censuses(None, replace(run, **changes)))  # type: ignore[arg-type]


def begin_a_census(system: System) -> None:
    keep(system, Censuses(CensusRun(CODE, None, system.rollout.now())))


def retire_another(system: System) -> None:
    system.rollout.flags.changes.set("dashboard_new_backend", FlagPatch(retire=True), REQUEST)


def write_letters(system: System) -> None:
    system.letters = 3


def close_at_this_hour(system: System) -> None:
    plan = Plan(hours=AllowedHours("UTC", 3, 4))
    rollout = Rollout(component=TABLE, plan=plan, state=State.RUNNING, by="olga", reason="it is time", since=0)
    assert system.ports.rollouts.save(rollout)


WORDS: list[tuple[str, Callable[[System], None], set[ConditionName]]] = [
    ("a difference on this code", find, {NAME.ANSWERS}),
    ("a difference that somebody answers for", answer, set()),
    ("a difference on other code", lambda system: find(system, code="other"), set()),
    ("a difference of another component", lambda system: find(system, FORMS), set()),
    ("a rule that has ended", end_the_rule, {NAME.RULES}),
    ("verified on other code", other_verify, {NAME.VERIFIED}),
    ("the new side is not written", old_mode, {NAME.DATA}),
    ("it fails", fail, {NAME.ERRORS}),
    ("it is slow", be_slow, {NAME.LATENCY}),
    ("too many got it", be_no_chance, {NAME.SHARE}),
    ("nobody knows yet who got it", wait_for_the_rows, {NAME.SHARE}),
    ("a meter lags", lag, {NAME.DISPLAY}),
    ("dead letters", write_letters, {NAME.DEAD_LETTERS}),
    ("an alarm", lambda system: ring(system, "ServerErrors"), {NAME.ALARMS}),
    ("an alarm of another component", lambda system: ring(system, "ComponentFailing-dashboard"), set()),
    ("an alarm about what the gate sees itself", lambda system: ring(system, "BackendsDiffer"), set()),
    ("a warning", lambda system: ring(system, "MemoryShort-Sweeper", "warning"), set()),
    ("no census", lambda system: keep(system, Censuses()), {NAME.EVIDENCE}),
    ("a census under way", begin_a_census, {NAME.EVIDENCE}),
    ("a census of other code", lambda system: census(system, code="other"), {NAME.EVIDENCE}),
    ("a census of another mode", lambda system: census(system, mode_since=5), {NAME.EVIDENCE}),
    ("a difference in the census", lambda system: census(system, tallies={TABLE: Tally(9, 1)}), {NAME.EVIDENCE}),
    ("rehearsed on other code", lambda system: drill(system, code="other"), {NAME.REHEARSAL}),
    ("rehearsed in another mode", lambda system: drill(system, mode="old_only"), {NAME.REHEARSAL}),
    ("another shape of the flags", retire_another, {NAME.REHEARSAL}),
    ("the rehearsal has lost something", lambda system: drill(system, passed=False), {NAME.REHEARSAL}),
    ("not at this hour", close_at_this_hour, {NAME.HOURS}),
]


@pytest.mark.parametrize(("so", "conditions"), [each[1:] for each in WORDS], ids=[each[0] for each in WORDS])
def test_each_condition_goes_by_its_own_part(
    system: System, so: Callable[[System], None], conditions: set[ConditionName]
) -> None:
    so(system)
    assert shut(system) == conditions


def test_a_difference_takes_a_component_back_and_lost_data_everybody(system: System) -> None:
    find(system)
    broken = verdict(system).breach
    assert broken is not None
    assert (broken.name, broken.breach) == (NAME.ANSWERS, Breach.STEP_BACK)
    system.rollout.control.save_verified(Verified(system.rollout.now(), None, 9, 0, 2, code=CODE))
    lost = verdict(system).breach
    assert lost is not None
    assert (lost.name, lost.breach) == (NAME.VERIFIED, Breach.KILL)


def test_an_import_is_judged_by_what_the_table_shows(system: System) -> None:
    find(system)
    assert shut(system, IMPORT) == {NAME.ANSWERS}
    census(system, tallies={TABLE: Tally(9, 1)})
    assert shut(system, IMPORT) == {NAME.ANSWERS, NAME.EVIDENCE}


def test_above_the_limit_a_census_is_not_waited_for_but_answers_in_a_row(system: System) -> None:
    system.limits = replace(system.limits, census_users=2)
    people(system, 2)
    keep(system, Censuses(None, asked(CODE, None, system.rollout.now(), 2)))
    assert shut(system) == set()
    people(system, 3)
    assert shut(system) == {NAME.EVIDENCE}
    for number in range(299):
        assert condition(system, NAME.EVIDENCE).holds is False
        system.ports.counted.count(Counting(TABLE, CODE, "p", agreement=f"view {number}"), system.rollout.now())
    assert shut(system) == set()


def test_the_last_whole_census_counts_while_the_next_one_is_under_way(system: System) -> None:
    now = system.rollout.now()
    keep(system, Censuses(CensusRun(CODE, None, now), asked(CODE, None, now)))
    assert shut(system) == set()
    old = replace(asked(CODE, None, now), finished=now - system.limits.census_ms - 1)
    keep(system, Censuses(CensusRun(CODE, None, now, done=frozenset("abcdefg")), old))
    assert "under way" in condition(system, NAME.EVIDENCE).text


def test_what_a_census_under_way_has_found_counts_at_once(system: System) -> None:
    now = system.rollout.now()
    found = CensusRun(CODE, None, now, done=frozenset("a"), tallies={TABLE: Tally(9, 1)})
    keep(system, Censuses(found, asked(CODE, None, now)))
    assert "differ in 1 view of the census" in condition(system, NAME.EVIDENCE).text
    keep(system, Censuses(replace(found, code="other"), asked(CODE, None, now)))
    assert shut(system) == set()


COUNTING = {NAME.ANSWERS, NAME.EVIDENCE, NAME.ERRORS, NAME.LATENCY, NAME.RULES}
PARTS: list[tuple[str, str, set[ConditionName]]] = [
    ("sync_control", "verified", {NAME.VERIFIED, NAME.DATA}),
    ("lagging", "lag", {NAME.DISPLAY}),
    ("comparisons", "rules", {NAME.ANSWERS, NAME.RULES}),
    ("counted", "counted", COUNTING),
    ("counted", "known", {NAME.RULES}),
    ("census", "censuses", {NAME.EVIDENCE}),
    ("known_users", "known_users", {NAME.EVIDENCE}),
    ("figures", "share", {NAME.SHARE}),
    ("records", "drill", {NAME.REHEARSAL}),
]


@pytest.mark.parametrize(("port", "method", "conditions"), PARTS)
def test_what_cannot_be_looked_at_fails_alone_and_is_no_breach(
    system: System,
    monkeypatch: pytest.MonkeyPatch,
    port: str,
    method: str,
    conditions: set[ConditionName],
) -> None:
    def away(*_: object, **__: object) -> None:
        raise AWAY

    monkeypatch.setattr(getattr(system.ports, port), method, away)
    found = verdict(system)
    assert {each.name for each in found.conditions if each.holds is None} == conditions == shut(system)
    assert found.breach is None
    assert all("nobody can say" in each.text and each.command for each in found.conditions if each.holds is None)


def test_without_the_database_nothing_raises_and_nothing_is_a_breach(system: System) -> None:
    system.rollout.store.down = True
    found = verdict(system)
    held = {each.name for each in found.conditions if each.holds}
    assert held == {NAME.DEAD_LETTERS, NAME.ALARMS}
    assert found.breach is None


def test_without_aws_the_data_are_judged(system: System) -> None:
    system.letters, system.cloudwatch.down = UnavailableError("no queue"), True
    with system.rollout.appconfig.outage():
        assert shut(system) == {NAME.DEAD_LETTERS, NAME.ALARMS, NAME.SHARE, NAME.REHEARSAL}


def test_where_nobody_knows_the_code_nothing_of_any_code_counts(system: System) -> None:
    system.release = ""
    assert shut(system) == {NAME.VERIFIED, NAME.REHEARSAL, *COUNTING}
    assert {each.holds for each in verdict(system).conditions if each.name in COUNTING} == {None}


def test_lost_data_are_lost_whoever_knows_the_code(system: System) -> None:
    system.rollout.control.save_verified(Verified(system.rollout.now(), None, 9, 0, 2, code=CODE))
    system.release = ""
    lost = verdict(system).breach
    assert lost is not None
    assert (lost.name, lost.breach) == (NAME.VERIFIED, Breach.KILL)


def test_a_flag_that_nobody_can_read_has_no_share(system: System) -> None:
    appconfig = system.rollout.appconfig
    content = system.rollout.home.deployed().content.replace(b'"energy_table"', b'"nothing"')
    appconfig.deployed(content)
    assert condition(system, NAME.SHARE).holds is None
    assert shut(system, FORMS) == set()
