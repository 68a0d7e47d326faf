"""The gate's counts of comparisons, on the fake and on MongoDB alike."""

from dataclasses import replace
from random import Random

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.counted import Counted, Counting
from chalicelib.domain.migration.gate.evidence import PairCount
from chalicelib.domain.migration.gate.pairs import ERRORS, LATENCY, Pair
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Outcome, Request
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.people.pseudonyms import Pseudonyms

CHARTS, TABLE = Component.MONTHLY_CHARTS, Component.ENERGY_TABLE
CODE, OTHER = "a1", "b2"
T = 1_700_000_000_000
EQUAL = Counting(CHARTS, CODE, "pseudonym", agreement="a view")
WRONG = Counting(CHARTS, CODE, "pseudonym", differences=("0123456789ab",))
FINGERPRINT = WRONG.differences[0]


def count(ports: Ports, *countings: Counting, at: int = T) -> Counted:
    for counting in countings:
        ports.counted.count(counting, at)
    return ports.counted.counted(CHARTS, CODE)


def agreements(ports: Ports, number: int) -> list[Counting]:
    return [replace(EQUAL, agreement=f"view {each}") for each in range(number)]


def test_nothing_is_known_of_code_that_nobody_has_compared(ports: Ports) -> None:
    assert count(ports, replace(EQUAL, component=TABLE), replace(EQUAL, code=OTHER)) == Counted()


def test_a_view_at_one_source_version_is_one_agreement_however_often_it_is_asked(ports: Ports) -> None:
    assert count(ports, EQUAL, EQUAL, replace(EQUAL, agreement="another"), EQUAL).agreements == 2
    assert count(ports, replace(EQUAL, code=OTHER)).agreements == 2
    assert ports.counted.counted(CHARTS, OTHER).agreements == 1


def test_a_difference_takes_all_agreements_away_and_none_of_another_code_or_component(ports: Ports) -> None:
    count(ports, replace(EQUAL, code=OTHER), replace(EQUAL, component=TABLE))
    found = count(ports, *agreements(ports, 3), WRONG)
    assert (found.agreements, [*found.differences], found.differences[FINGERPRINT].seen) == (0, [FINGERPRINT], T)
    assert ports.counted.counted(CHARTS, OTHER).agreements == ports.counted.counted(TABLE, CODE).agreements == 1


def test_a_difference_that_somebody_answers_for_is_known_and_takes_nothing_away(ports: Ports) -> None:
    found = count(ports, *agreements(ports, 3), replace(WRONG, is_answered=True))
    assert (found.agreements, [*found.differences]) == (3, [FINGERPRINT])


def test_a_comparison_that_is_recorded_is_in_the_log_and_counts(ports: Ports) -> None:
    wrong = Difference(DifferenceKind.VALUE, ("months", 0), 1, 2)
    compared = ComparisonResult(Request(CHARTS, "alice", {}), Outcome.DIFFERENT, (wrong,))
    ports.counted.record(compared, WRONG, Pseudonyms(b"key"), T)
    assert [*count(ports).differences] == [FINGERPRINT]
    assert ports.comparisons.report(T).outcomes == {CHARTS: {Outcome.DIFFERENT: 1}}
    equal = ComparisonResult(Request(CHARTS, "alice", {}), Outcome.EQUAL)
    for _ in range(2):
        ports.counted.record(equal, EQUAL, Pseudonyms(b"key"), T + 1)
    assert count(ports).agreements == 1
    assert ports.comparisons.report(T).outcomes == {CHARTS: {Outcome.DIFFERENT: 1, Outcome.EQUAL: 2}}


def test_after_an_answer_the_agreements_begin_anew_and_what_was_equal_before_counts_again(ports: Ports) -> None:
    count(ports, WRONG, *agreements(ports, 3))
    ports.counted.answered("another")
    assert count(ports).agreements == 3
    ports.counted.answered(FINGERPRINT)
    assert count(ports).agreements == 0
    assert count(ports, *agreements(ports, 2), *agreements(ports, 2)).agreements == 2


def test_what_is_gone_is_gone_on_one_code_until_it_is_seen_again(ports: Ports) -> None:
    count(ports, WRONG, replace(WRONG, code=OTHER), EQUAL)
    ports.counted.gone(FINGERPRINT, CHARTS, CODE, T + 5)
    found = count(ports)
    assert (found.agreements, found.differences[FINGERPRINT].is_there) == (0, False)
    assert ports.counted.counted(CHARTS, OTHER).differences[FINGERPRINT].is_there
    assert count(ports, WRONG, at=T + 6).differences[FINGERPRINT].is_there


def test_what_is_gone_on_new_code_was_never_there(ports: Ports) -> None:
    count(ports, replace(WRONG, code=OTHER))
    ports.counted.gone(FINGERPRINT, CHARTS, CODE, T)
    found = count(ports).differences[FINGERPRINT]
    assert (found.seen, found.gone) == (None, T)
    assert list(ports.counted.known(CHARTS)) == [FINGERPRINT]
    assert list(ports.counted.known(TABLE)) == []


def test_pairs_are_counted_as_the_tests_say(ports: Ports) -> None:
    chance, errors, latency = Random(7), PairCount(), PairCount()
    for _ in range(40):
        error, slow = chance.choice([*Pair]), chance.choice([*Pair])
        errors, latency = ERRORS.after(errors, error), LATENCY.after(latency, slow)
        found = count(ports, Counting(CHARTS, CODE, "pseudonym", errors=error, latency=slow))
        assert (found.errors.against, found.errors.favour) == (errors.against, errors.favour)
        assert (found.latency.against, found.latency.favour) == (latency.against, latency.favour)
        assert abs(found.errors.peak - errors.peak) < 1e-9 * errors.peak
        assert abs(found.latency.peak - latency.peak) < 1e-9 * latency.peak
    assert errors.peak > 1


def test_evidence_has_no_end_but_no_infinity_either(ports: Ports) -> None:
    against = Counting(CHARTS, CODE, "pseudonym", errors=Pair.AGAINST)
    assert count(ports, *[against] * 60).errors.peak <= 1.0001e9
