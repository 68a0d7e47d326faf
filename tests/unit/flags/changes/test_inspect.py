"""Looking at flags: a document that nobody can read, what the status and the reports see of one, whom it names."""

from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.status.flags import FlagSeen
from chalicelib.flags.changes.inspect import flags_naming, percentages
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.seen import flags_seen
from chalicelib.flags.document.flag_document import written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.flags.document.names import GLOBAL
from infra.simulation.memory.migration.appconfig import FakeAppConfig
from tests.unit.flags.rollout import REQUEST, TABLE, Rollout

SLIDER = "timeline_slider_new_backend"
OTHERS = [component for component in Component if component is not Component.ENERGY_TABLE]
NONE = (Decimal(0), False, 0, 0, False)


def seen(flag: FlagSeen) -> tuple[object, ...]:
    """Its figures."""
    return (flag.percent, flag.exact, flag.test_users, flag.blocked_users, flag.retired)


def test_the_status_sees_counts_of_people_and_no_people(rollout: Rollout) -> None:
    rollout.known("alice", "bob")
    rollout.open()
    rollout.set(50, exact=True, test_users=("t", "u", "v"), block=("b", "c"))
    rollout.flags.changes.set(SLIDER, FlagPatch(retire=True), REQUEST)
    rollout.appconfig.pass_time(15)
    listing = rollout.flags.overview.listing()
    found = flags_seen(listing)
    assert (found.version, found.in_use, found.global_enabled) == (listing.document.version, found.version, True)
    assert (found.overruled, found.malformed) == (None, {})
    table, slider = found.flags[Component.ENERGY_TABLE], found.flags[Component.TIMELINE_SLIDER]
    assert (table.name, table.enabled, seen(table)) == (TABLE, True, (Decimal(50), True, 3, 2, False))
    assert (slider.name, slider.enabled, seen(slider)) == (SLIDER, False, (Decimal(0), False, 0, 0, True))
    assert seen(found.flags[Component.DASHBOARD]) == NONE


def test_what_is_missing_or_cannot_be_read_is_seen_as_that(rollout: Rollout) -> None:
    document = first_document()
    flags = {name: flag for name, flag in document.flags.items() if name != TABLE}
    rollout.appconfig.deployed(written(replace(document, flags=flags, unknown={SLIDER: {}})))
    found = flags_seen(rollout.flags.overview.listing())
    assert found.malformed[Component.ENERGY_TABLE] == "the document has no such flag"
    assert found.malformed[Component.TIMELINE_SLIDER] == "createdAt: Field required"
    assert found.flags.keys() == {*Component} - {Component.ENERGY_TABLE, Component.TIMELINE_SLIDER}
    assert found.global_enabled is False


def test_a_document_that_cannot_be_read_at_all_says_so_for_every_flag(rollout: Rollout) -> None:
    rollout.appconfig.deployed(b"[]")
    listing = rollout.flags.overview.listing()
    said = "the flag document is a JSON list, not an object of flags"
    assert (listing.flags, listing.malformed) == ((), {"document": said})
    found = flags_seen(listing)
    assert (found.flags, found.global_enabled) == ({}, False)
    assert found.malformed == dict.fromkeys(Component, said)


def test_who_is_in_a_list_is_found_by_the_flags_that_have_them(risen: Rollout) -> None:
    risen.set(test_users=("gone",))
    risen.flags.changes.set(SLIDER, FlagPatch(block=("gone", "bob")), REQUEST)
    assert flags_naming(risen.home, "gone") == [TABLE, SLIDER]
    assert flags_naming(risen.home, "bob") == [SLIDER]
    assert flags_naming(risen.home, "nobody") == []
    with risen.appconfig.outage(), pytest.raises(UnavailableError):
        flags_naming(risen.home, "gone")


def test_a_stage_without_a_document_names_nobody() -> None:
    assert flags_naming(Rollout(FakeAppConfig()).home, "gone") == []


def test_the_percentage_of_a_component_is_what_people_get(risen: Rollout) -> None:
    version = risen.flags.overview.listing().document.version
    everywhere = dict.fromkeys(OTHERS, Decimal(0))
    assert percentages(risen.flags.overview) == (version, everywhere | {Component.ENERGY_TABLE: Decimal(50)})
    risen.set(enabled=False)
    assert percentages(risen.flags.overview)[1][Component.ENERGY_TABLE] == 0
    risen.set(enabled=True)
    risen.flags.changes.set(GLOBAL, FlagPatch(enabled=False), REQUEST)
    assert percentages(risen.flags.overview)[1] == dict.fromkeys(Component, Decimal(0))
    risen.set(retire=True)
    assert percentages(risen.flags.overview)[1] == everywhere


def test_a_component_without_a_flag_has_no_percentage(rollout: Rollout) -> None:
    rollout.appconfig.deployed(b"{}")
    assert percentages(rollout.flags.overview) == (rollout.flags.overview.listing().document.version, {})


def test_a_plan_or_explanation_of_a_flag_that_is_missing_is_of_one_that_is_off(rollout: Rollout) -> None:
    rollout.known("alice")
    rollout.appconfig.deployed(b"{}")
    plan = rollout.flags.overview.plan(TABLE, None, Decimal(50), exact=False)
    assert (plan.before.enabled, plan.before.created_at, len(plan.entering)) == (False, rollout.now(), 1)
    explained = rollout.flags.overview.explain("alice", Component.ENERGY_TABLE)
    assert explained.rule == "the global gate is off"


def test_without_a_document_nothing_is_in_use() -> None:
    rollout = Rollout()
    with rollout.appconfig.outage():
        explained = rollout.flags.overview.explain("alice", Component.ENERGY_TABLE)
    assert (explained.rule, explained.document_version) == ("no flag document could be fetched yet", None)
    rollout.store.down = True
    listing = rollout.flags.overview.listing()
    assert (listing.in_use, listing.overruled) == (None, None)
    assert listing.blocked_by == "the store is down"
