"""Claims and progress of ranges of a walk, on the fake and on MongoDB alike."""

from dataclasses import replace
from uuid import uuid4

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.fan_out import FanOut, RangeProgress
from chalicelib.domain.meters.walks import Finding, Verification, Walk
from chalicelib.domain.readings import EnergyType

T = 1_700_000_000_000
GAS, POWER = EnergyType.GAS, EnergyType.POWER
WALK = Walk.REBUILD
FINDING = Finding("ann", GAS, "meters", "ann|gas", "is wrong")
SEEN = Verification(SyncMode.DUAL_WRITE, 7, 2, 1, (FINDING,), kinds=((("meters", GAS, FINDING.kind), 1),), up_to=T)


def begun(ports: Ports, walk: Walk = WALK) -> FanOut:
    fan_out = FanOut(walk, uuid4().hex, T, T - 1, SyncMode.DUAL_WRITE, "c1", T, (("bob", POWER), ("eve", POWER)))
    ports.fan_outs.begin(fan_out)
    return fan_out


def test_what_is_kept_of_a_walk_comes_back_whole(ports: Ports) -> None:
    assert ports.fan_outs.fan_out(WALK) is None
    fan_out = begun(ports)
    assert ports.fan_outs.fan_out(WALK) == fan_out
    assert ports.fan_outs.fan_out(Walk.CHECK) is None
    assert ports.fan_outs.pause(fan_out, paused=True)
    assert ports.fan_outs.fan_out(WALK) == replace(fan_out, paused=True)
    assert ports.fan_outs.pause(fan_out, paused=False)
    ports.fan_outs.finish(fan_out)
    found = ports.fan_outs.fan_out(WALK)
    assert found is not None
    assert found.finished is not None
    assert not ports.fan_outs.pause(replace(fan_out, id="another"), paused=True)


def sent(ports: Ports) -> int | None:
    found = ports.fan_outs.fan_out(WALK)
    assert found is not None
    return found.sent


def test_of_two_who_find_the_same_silence_one_sends(ports: Ports) -> None:
    fan_out = begun(ports)
    assert sent(ports) is None
    assert ports.fan_outs.sending(fan_out, 720), "nothing was sent yet"
    assert sent(ports)
    assert not ports.fan_outs.sending(fan_out, 720)
    assert ports.fan_outs.sending(fan_out), "who is asked to sends at any time"
    ports.fan_outs.lost(fan_out)
    assert sent(ports) is None
    assert ports.fan_outs.sending(fan_out, 720)
    other = replace(fan_out, id="another")
    assert not ports.fan_outs.sending(other)
    ports.fan_outs.lost(other)
    assert sent(ports)


def test_a_walk_that_has_just_ended_cannot_be_given_up(ports: Ports) -> None:
    fan_out = begun(ports)
    ports.fan_outs.finish(fan_out)
    assert not ports.fan_outs.give_up(fan_out)
    assert ports.fan_outs.fan_out(WALK) is not None


def test_what_is_given_up_is_gone_with_its_ranges_and_nothing_else(ports: Ports) -> None:
    fan_out, other = begun(ports), begun(ports, Walk.CHECK)
    claims = [ports.fan_outs.claim(each, 0, 60) for each in (fan_out, other)]
    assert all(claims)
    assert not ports.fan_outs.give_up(replace(fan_out, id="another"))
    assert ports.fan_outs.fan_out(WALK) == fan_out
    assert len(list(ports.fan_outs.progress(fan_out))) == 1
    assert ports.fan_outs.give_up(fan_out)
    assert ports.fan_outs.fan_out(WALK) is None
    assert list(ports.fan_outs.progress(fan_out)) == []
    assert not ports.fan_outs.give_up(fan_out)
    assert ports.fan_outs.fan_out(Walk.CHECK) == other
    assert len(list(ports.fan_outs.progress(other))) == 1


def test_what_is_kept_of_a_range_comes_back_whole(ports: Ports) -> None:
    fan_out = begun(ports)
    claim = ports.fan_outs.claim(fan_out, 1, 60)
    assert claim is not None
    assert claim.progress == RangeProgress(1, fan_out.nothing, claimed=True)
    seen = RangeProgress(1, SEEN, ("cat", GAS))
    assert ports.fan_outs.save(claim, seen)
    assert list(ports.fan_outs.progress(fan_out)) == [replace(seen, claimed=True)]
    ports.fan_outs.release(claim)
    assert list(ports.fan_outs.progress(fan_out)) == [seen]
    again = ports.fan_outs.claim(fan_out, 1, 60)
    assert again is not None
    assert again.progress == replace(seen, claimed=True)
    assert ports.fan_outs.save(again, replace(seen, done=True))
    ports.fan_outs.release(again)
    assert list(ports.fan_outs.progress(fan_out)) == [replace(seen, done=True)]
    assert ports.fan_outs.claim(fan_out, 1, 60) is None, "it is done"


def test_one_at_a_time_works_on_a_range_until_its_time_is_up(ports: Ports) -> None:
    fan_out = begun(ports)
    late = ports.fan_outs.claim(fan_out, 0, 0)
    assert late is not None
    current = ports.fan_outs.claim(fan_out, 0, 60)
    assert current is not None
    assert ports.fan_outs.claim(fan_out, 0, 60) is None
    assert ports.fan_outs.claim(fan_out, 2, 60) is not None, "another one is free"
    assert not ports.fan_outs.save(late, RangeProgress(0, SEEN, done=True))
    ports.fan_outs.release(late)
    assert ports.fan_outs.claim(fan_out, 0, 60) is None
    assert ports.fan_outs.save(current, RangeProgress(0, SEEN, ("ann", GAS)))


def test_claims_are_counted_until_one_has_come_further(ports: Ports) -> None:
    fan_out = begun(ports)
    claims = [ports.fan_outs.claim(fan_out, 0, 0) for _ in range(3)]
    assert [claim and claim.tries for claim in claims] == [1, 2, 3]
    last = claims[-1]
    assert last is not None
    assert ports.fan_outs.save(last, RangeProgress(0, SEEN, ("ann", GAS)))
    again = ports.fan_outs.claim(fan_out, 0, 0)
    assert again is not None
    assert again.tries == 1


def test_ranges_come_in_their_order_and_those_of_another_walk_never(ports: Ports) -> None:
    older, other = begun(ports), begun(ports, Walk.CHECK)
    assert ports.fan_outs.claim(older, 0, 60)
    assert ports.fan_outs.claim(other, 1, 60)
    fan_out = begun(ports)
    for number in (2, 0):
        assert ports.fan_outs.claim(fan_out, number, 60)
    assert [each.number for each in ports.fan_outs.progress(fan_out)] == [0, 2]
    assert list(ports.fan_outs.progress(older)) == []
    assert [each.number for each in ports.fan_outs.progress(other)] == [1]
    ports.fan_outs.forget(WALK)
    assert ports.fan_outs.fan_out(WALK) is None
    assert list(ports.fan_outs.progress(fan_out)) == []
    assert ports.fan_outs.fan_out(Walk.CHECK) == other


def test_whoever_still_has_a_range_of_a_forgotten_walk_keeps_nothing(ports: Ports) -> None:
    fan_out = begun(ports)
    claim = ports.fan_outs.claim(fan_out, 0, 60)
    assert claim is not None
    ports.fan_outs.forget(WALK)
    assert not ports.fan_outs.save(claim, RangeProgress(0, SEEN, done=True))
    assert list(ports.fan_outs.progress(fan_out)) == []


def test_of_many_findings_the_first_thousand_come_back_however_they_lie_in_ranges(ports: Ports) -> None:
    found = found_in(ports, 700, 0, 600)
    assert found[:1000] == [*(f"0-{place}" for place in range(700)), *(f"2-{place}" for place in range(300))]


def test_behind_a_thousand_findings_none_is_needed(ports: Ports) -> None:
    assert found_in(ports, 999, 1, 2)[:1000] == [*(f"0-{place}" for place in range(999)), "1-0"]


def found_in(ports: Ports, *counts: int) -> list[str]:
    """The documents of the findings that come back of ranges with as many."""
    fan_out = begun(ports)
    for number, count in enumerate(counts):
        claim = ports.fan_outs.claim(fan_out, number, 60)
        assert claim is not None
        findings = tuple(replace(FINDING, document=f"{number}-{place}") for place in range(count))
        assert ports.fan_outs.save(claim, RangeProgress(number, replace(SEEN, findings=findings), done=True))
    return [finding.document for each in ports.fan_outs.progress(fan_out) for finding in each.seen.findings]
