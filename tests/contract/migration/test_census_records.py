"""Claims and records of a census, on the fake and on MongoDB alike."""

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.census_records import Censuses, CensusRun, Tally

T = 1_700_000_000_000
RUN = CensusRun("a1", T, T + 1, frozenset({"a" * 32, "b" * 32}), ("c" * 32,), {Component.DASHBOARD: Tally(9, 1, 2)})
KEPT = Censuses(RUN, RUN.ended(T + 2))


def test_what_is_kept_comes_back_whole(ports: Ports) -> None:
    assert ports.census.censuses() == Censuses()
    claim = ports.census.claim(60)
    assert claim is not None
    assert claim.censuses == Censuses()
    assert ports.census.save(claim, KEPT)
    assert ports.census.censuses() == KEPT
    ports.census.release(claim)
    again = ports.census.claim(60)
    assert again is not None
    assert again.censuses == KEPT
    assert ports.census.save(again, Censuses())
    assert ports.census.censuses() == Censuses()


def test_one_at_a_time_goes_on_until_it_is_done_or_its_time_is_up(ports: Ports) -> None:
    first = ports.census.claim(60)
    assert first is not None
    assert ports.census.claim(60) is None
    ports.census.release(first)
    second = ports.census.claim(0)
    assert second is not None
    assert ports.census.claim(60) is not None, "its time was up"


def test_whose_claim_has_ended_changes_nothing(ports: Ports) -> None:
    late = ports.census.claim(0)
    current = ports.census.claim(60)
    assert late is not None
    assert current is not None
    assert not ports.census.save(late, KEPT)
    ports.census.release(late)
    assert ports.census.censuses() == Censuses()
    assert ports.census.claim(60) is None
    assert ports.census.save(current, KEPT)


def test_claims_are_counted_until_one_has_come_further(ports: Ports) -> None:
    tries = []
    for _ in range(3):
        claim = ports.census.claim(0)
        assert claim is not None
        tries.append(claim.tries)
    assert claim is not None
    assert ports.census.save(claim, KEPT)
    last = ports.census.claim(0)
    assert last is not None
    assert [*tries, last.tries] == [1, 2, 3, 1]
