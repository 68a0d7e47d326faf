"""A seed has the same wishes and flips again, whatever was answered; and what they do to flags."""

from collections import Counter
from decimal import Decimal
from itertools import islice

import pytest

from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument, read, written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from infra.drills.history.ground import COMPONENTS, everybody_new, flipped
from infra.drills.history.views import VIEWS
from infra.drills.history.wishes import ALL, MOST_ROWS, Flip, FlipKind, WishKind, flips, wishes


def test_a_seed_replays_what_each_person_wishes_and_another_one_does_not() -> None:
    first, again, other, neighbour = (
        list(islice(wishes(seed, person), 500)) for seed, person in [(1, 4), (1, 4), (2, 4), (1, 5)]
    )
    assert first == again
    assert first != other
    assert first != neighbour


def test_a_seed_replays_the_flips() -> None:
    first, again, other = (list(islice(flips(seed), 300)) for seed in (1, 1, 2))
    assert first == again != other
    assert {flip.kind for flip in first} == set(FlipKind)


def test_people_wish_everything_and_no_amount_twice() -> None:
    wished = list(islice(wishes(3, 0), 3_000))
    assert {wish.kind for wish in wished} == set(WishKind)
    assert {wish.view % (len(VIEWS) + 2) for wish in wished} == set(range(len(VIEWS) + 2))
    amounts = Counter(wish.amount + row for wish in wished for row in range(MOST_ROWS))
    assert max(amounts.values()) == 1
    for choice in ("by_v2", "consistent", "conditional"):
        assert {getattr(wish, choice) for wish in wished} == {True, False}


def test_every_component_is_looked_at_and_both_families_of_version_2() -> None:
    paths = [view.path.partition("?")[0] for view in VIEWS]
    looked_at = {path.split("/")[2] for path in paths if path.startswith("/components")}
    assert looked_at == {component.value for component in COMPONENTS}
    assert {"/v2/display", "/v2/energy"} <= set(paths)


def test_months_and_timelines_follow_from_their_version_and_what_is_of_a_day_does_not() -> None:
    paths = {view.path for view in VIEWS if view.is_by_version}
    assert paths == {
        view.path for view in VIEWS if any(kind in view.path for kind in ("monthly", "timeline", "histogram"))
    }


@pytest.fixture
def document() -> FlagDocument:
    return everybody_new(first_document())


def deployed(document: FlagDocument) -> dict[str, Flag]:
    """As it comes out of AppConfig: a document that nobody can read would decide nothing."""
    found = read(written(document))
    assert not found.malformed
    return dict(found.flags)


def test_everybody_new_opens_the_gate_and_every_component(document: FlagDocument) -> None:
    flags = deployed(document)
    assert all(flag.enabled for flag in flags.values())
    assert {flags[name].rollout_percent for name in COMPONENT_FLAGS.values()} == {Decimal(100)}


def test_the_kill_switch_leaves_nobody_on_the_new_backend(document: FlagDocument) -> None:
    killed, said = flipped(document, Flip(FlipKind.KILL, 0, 0, forward=True))
    assert said == "killed"
    assert not any(flag.enabled for flag in deployed(killed).values())


def test_the_gate_goes_to_and_fro(document: FlagDocument) -> None:
    gate = Flip(FlipKind.GATE, 0, 0, forward=True)
    shut, said = flipped(document, gate)
    assert (deployed(shut)[GLOBAL].enabled, said) == (False, "gate off")
    opened, said = flipped(shut, gate)
    assert (deployed(opened)[GLOBAL].enabled, said) == (True, "gate on")


def test_a_percentage_counts_at_once_also_where_all_was_killed(document: FlagDocument) -> None:
    killed, _ = flipped(document, Flip(FlipKind.KILL, 0, 0, forward=True))
    raised, said = flipped(killed, Flip(FlipKind.PERCENT, 1, 50, forward=True))
    flags, name = deployed(raised), COMPONENT_FLAGS[COMPONENTS[1]]
    assert said == f"{COMPONENTS[1]} 50 %"
    assert (flags[GLOBAL].enabled, flags[name].enabled, flags[name].rollout_percent) == (True, True, Decimal(50))
    assert sum(flag.enabled for flag in flags.values()) == 2


def test_a_percentage_may_be_that_of_every_component(document: FlagDocument) -> None:
    lowered, said = flipped(document, Flip(FlipKind.PERCENT, ALL, 10, forward=True))
    flags = deployed(lowered)
    assert said == "every component 10 %"
    assert {flags[name].rollout_percent for name in COMPONENT_FLAGS.values()} == {Decimal(10)}
    assert len(COMPONENTS) == ALL
