"""The flags after the end of an account: nobody of that id in them, and nothing else has changed."""

import json
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import UnavailableError
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.people import FlagLists, FlagVersions
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import read, written
from chalicelib.flags.document.names import GLOBAL
from chalicelib.flags.document.people import content_without, without_person
from infra.simulation.memory.migration.appconfig import all_off, refusal
from tests.unit.flags.rollout import IN_HALF, REQUEST, TABLE, Rollout

GONE = "auth0|gone"
TIMELINE, IMPORT = "timeline_slider_new_backend", "csv_import_new_backend"
LISTS = ("testUserIds", "blockedUserIds", "exactUserIds")


def lists(rollout: Rollout) -> FlagLists:
    return FlagLists(rollout.flags.changes.publishing)


def versions(rollout: Rollout) -> FlagVersions:
    return FlagVersions(rollout.home)


def test_each_place_has_its_name_in_the_receipt() -> None:
    rollout = Rollout()
    assert (lists(rollout).name, versions(rollout).name) == ("lists of the flags", "old versions of the flags")


def in_time() -> float:
    """How many seconds are left."""
    return 60.0


def naming(rollout: Rollout) -> list[int]:
    """The versions in AppConfig that hold the id."""
    return [number for number, content in rollout.appconfig.versions.items() if json.dumps(GONE).encode() in content]


@pytest.fixture
def named(risen: Rollout) -> Rollout:
    """The person is a test user of one flag, blocked in another, and in a third one that is retired."""
    risen.set(test_users=("bob", GONE))
    risen.flags.changes.set(TIMELINE, FlagPatch(percent=Decimal(10), block=(GONE,)), REQUEST)
    risen.flags.changes.set(IMPORT, FlagPatch(test_users=(GONE,)), REQUEST)
    risen.flags.changes.set(IMPORT, FlagPatch(retire=True), REQUEST)
    return risen


def test_a_person_leaves_all_lists_retired_flags_included_by_one_recorded_deployment(named: Rollout) -> None:
    deployments, before = len(named.appconfig.deployments), named.flags.overview.listing().document
    assert lists(named).forget(GONE, in_time) == 3
    assert GONE not in json.dumps(named.appconfig.content())
    assert len(named.appconfig.deployments) == deployments + 1
    after = named.flags.overview.listing().document
    assert {name: replace(flag, updated_at=0) for name, flag in after.flags.items()} == {
        name: replace(flag, updated_at=0) for name, flag in without_person(before, GONE).flags.items()
    }
    (change,) = named.flags.overview.changes(None, 1)
    assert (change.by, change.action, change.reason) == ("account erasure", "erase", "an account was erased")
    assert sorted(change.after) == sorted([TABLE, TIMELINE, IMPORT])
    assert (change.from_version, change.to_version) == (before.version, after.version)
    assert (GONE in str(change), change.evidence) == (False, {"entries": 3})
    assert GONE not in named.appconfig.deployments[-1].description


def test_the_flags_that_are_changed_say_since_when_to_the_second(named: Rollout) -> None:
    named.appconfig.pass_time(6.789)
    lists(named).forget(GONE, in_time)
    flags = named.flags.overview.listing().document.flags
    (change,) = named.flags.overview.changes(None, 1)
    assert {flags[name].updated_at for name in (TABLE, TIMELINE, IMPORT)} == {change.at - 789}
    assert flags["dashboard_new_backend"].updated_at == 1_767_225_600_000


def test_an_order_that_is_recorded_leaves_who_and_why_out_of_appconfig(named: Rollout) -> None:
    named.set(60)
    shown = named.appconfig.deployments[-1].description
    (change,) = named.flags.overview.changes(None, 1)
    assert shown == f"set {TABLE} change {change.id}"
    named.flags.changes.kill(REQUEST)
    assert named.appconfig.deployments[-1].description.endswith("by olga: as planned")


def test_appconfig_is_given_ascii_alone(named: Rollout) -> None:
    named.flags.changes.kill(ChangeRequest("jörg", "es wäre 用户"))
    assert named.appconfig.deployments[-1].description == f"kill {GLOBAL}, {TABLE}, {TIMELINE} by j?rg: es w?re ??"


def test_nobody_named_is_nothing_deployed(named: Rollout) -> None:
    deployments, changes = len(named.appconfig.deployments), len(named.flags.overview.changes(None, 100))
    for user_id in ("somebody", GONE + "2"):
        assert lists(named).forget(user_id, in_time) == 0
    lists(named).forget(GONE, in_time)
    assert lists(named).forget(GONE, in_time) == 0
    assert len(named.appconfig.deployments) == deployments + 1
    assert len(named.flags.overview.changes(None, 100)) == changes + 1


def test_it_needs_no_verify_and_raises_no_percentage_and_a_blocked_id_falls_back_to_it(risen: Rollout) -> None:
    risen.set(block=(IN_HALF,))
    assert risen.decision(IN_HALF).backend is Backend.OLD
    risen.mode(SyncMode.DUAL_WRITE, since=risen.now())  # nobody has verified since
    percent = risen.table().rollout_percent
    assert lists(risen).forget(IN_HALF, in_time) == 1
    risen.appconfig.pass_time(15)
    assert (risen.table().rollout_percent, risen.decision(IN_HALF).backend) == (percent, Backend.NEW)


def exact(rollout: Rollout, percent: int, *users: str) -> Flag:
    """The table at an exact percentage of these users, without one of them."""
    rollout.known(*users)
    rollout.open()
    rollout.set(percent, exact=True)
    assert lists(rollout).forget(users[0], in_time) == 1
    return rollout.table()


def test_an_exact_list_goes_on_without_the_person(rollout: Rollout) -> None:
    flag = exact(rollout, 100, GONE, "b", "c")
    assert (flag.rollout_percent, sorted(flag.exact_user_ids or ())) == (Decimal(100), ["b", "c"])


@pytest.mark.parametrize(("percent", "left"), [(50, 0), (100, 100)])
def test_an_exact_list_of_one_is_nobody_then_and_at_100_percent_still_everybody(
    rollout: Rollout, percent: int, left: int
) -> None:
    flag = exact(rollout, percent, GONE)
    assert (flag.rollout_percent, flag.exact_user_ids) == (Decimal(left), None)


def test_an_operator_who_deploys_at_the_same_time_loses_nothing(named: Rollout) -> None:
    olga = named.operator()
    publishing = replace(named.flags.changes.publishing, deploying=lambda: None)
    raced: list[Any] = []

    def race() -> None:
        if not raced:
            raced.append(olga.changes.set(TABLE, FlagPatch(percent=Decimal(70)), REQUEST))

    assert FlagLists(replace(publishing, deploying=race)).forget(GONE, in_time) == 3
    assert named.table().rollout_percent == 70
    assert GONE not in json.dumps(named.appconfig.content())


def test_a_deployment_under_way_is_waited_for_by_the_next_run(named: Rollout) -> None:
    named.appconfig.deployed(named.appconfig.versions[1])
    named.appconfig.deployments[-1].seconds = 60
    for place in (lists(named), versions(named)):
        with pytest.raises(UnavailableError, match="deployment 8 is under way"):
            place.forget(GONE, in_time)
    assert len(named.appconfig.deployments) == 8


def test_without_appconfig_or_the_record_the_next_run_tries_again(named: Rollout) -> None:
    with named.appconfig.outage():
        for place in (lists(named), versions(named)):
            with pytest.raises(UnavailableError):
                place.forget(GONE, in_time)
    named.history.down = True
    with pytest.raises(UnavailableError):
        lists(named).forget(GONE, in_time)
    named.history.down = False
    assert lists(named).forget(GONE, in_time) == 3


def test_a_document_that_appconfig_refuses_keeps_the_erasure_open(named: Rollout) -> None:
    def refused(**_: object) -> None:
        raise refusal("BadRequestException", "not now")

    named.appconfig.start_deployment = refused  # type: ignore[method-assign, assignment]
    with pytest.raises(UnavailableError, match=r"^the flags cannot be deployed without the person: .*not now"):
        lists(named).forget(GONE, in_time)


def test_who_changes_the_flags_all_the_time_is_waited_for_by_the_next_run(named: Rollout) -> None:
    real, raced = named.appconfig.start_deployment, [0]

    def overtaken(**asked: Any) -> Any:
        raced[0] += 1
        named.appconfig.deployed(named.appconfig.serving())
        return real(**asked)

    named.appconfig.start_deployment = overtaken  # type: ignore[method-assign]
    with pytest.raises(UnavailableError, match=r"^somebody else changes the flags at the same time; the next run"):
        lists(named).forget(GONE, in_time)
    assert raced == [5]


def test_a_stage_without_flags_names_nobody(rollout: Rollout) -> None:
    rollout.appconfig.deployments.clear()
    assert (lists(rollout).forget(GONE, in_time), versions(rollout).forget(GONE, in_time)) == (0, 0)


def test_a_flag_that_cannot_be_read_is_written_again_switched_off_where_it_names_the_person(named: Rollout) -> None:
    content = named.appconfig.content()
    content[TABLE]["salt"] = "another"
    named.appconfig.deployed(json.dumps(content).encode())
    assert lists(named).forget("somebody", in_time) == 0
    assert lists(named).forget(GONE, in_time) == 3
    assert (GONE in json.dumps(named.appconfig.content()), named.table().enabled) == (False, False)


def test_a_document_that_nobody_can_read_keeps_the_erasure_open(named: Rollout) -> None:
    named.appconfig.deployed(b"[]")
    with pytest.raises(UnavailableError, match="flags kill writes it again"):
        lists(named).forget(GONE, in_time)


def test_names_of_nobody_keep_what_they_say(named: Rollout) -> None:
    content = named.appconfig.content() | {"theirs": {"default": False, "people": [GONE]}}
    named.appconfig.deployed(json.dumps(content).encode())
    assert lists(named).forget(GONE, in_time) == 3
    assert named.appconfig.content()["theirs"] == content["theirs"]


@pytest.mark.parametrize("word", ["IN", "user_id", "dashboard", "dashboard_new_backend", "rules"])
def test_who_is_called_like_a_word_of_the_document_is_in_no_list_of_it(named: Rollout, word: str) -> None:
    """Else the account would never come to its end, and each run would deploy the flags once more."""
    content, kept = named.appconfig.content(), sorted(named.appconfig.versions)
    assert (lists(named).forget(word, in_time), versions(named).forget(word, in_time)) == (0, 0)
    assert (named.appconfig.content(), sorted(named.appconfig.versions)) == (content, kept)
    document = written(named.flags.overview.listing().document)
    assert content_without(document, word) == document


def test_old_versions_that_name_the_person_are_deleted_the_others_and_the_deployed_one_stay(named: Rollout) -> None:
    with pytest.raises(UnavailableError, match="the deployed flags name the person"):
        versions(named).forget(GONE, in_time)
    lists(named).forget(GONE, in_time)
    deployed, old = named.appconfig.content(), naming(named)
    others = named.appconfig.versions.keys() - set(old)
    assert (len(old), len(others)) == (4, 4)
    assert versions(named).forget(GONE, in_time) == len(old)
    assert named.appconfig.versions.keys() == others
    assert named.appconfig.content() == deployed
    assert versions(named).forget(GONE, in_time) == 0


def test_an_operator_goes_on_changing_flags_where_the_latest_version_had_to_go(named: Rollout) -> None:
    """AppConfig's lock counts from the latest version: one that was never deployed may be it."""
    never_deployed = named.appconfig.versions[max(named.appconfig.versions)]
    lists(named).forget(GONE, in_time)
    latest = max(named.appconfig.versions)
    named.home.create(never_deployed, latest)
    assert versions(named).forget(GONE, in_time) == 5
    assert max(named.appconfig.versions) == latest + 2
    assert naming(named) == []
    assert named.set(60).change.to_version == read(named.appconfig.versions[latest + 3]).version


def test_more_versions_than_a_run_can_look_at_are_looked_at_by_the_next_ones(named: Rollout) -> None:
    lists(named).forget(GONE, in_time)
    place = versions(named)
    for _ in range(2):  # of seven versions a run looks at three
        with pytest.raises(UnavailableError, match="not looked through in time"):
            place.forget(GONE, iter([15.0, 10.0, 5.0, 0.0]).__next__)
    place.forget(GONE, in_time)
    assert naming(named) == []


def test_a_version_is_looked_at_once_for_each_person_until_a_run_comes_to_the_end(named: Rollout) -> None:
    lists(named).forget(GONE, in_time)
    place, calls = versions(named), named.appconfig.calls

    def looked(user_id: str, *, until: int | None = None) -> int:
        """How many versions a run looks at, beside the deployed one."""
        calls.clear()
        left = iter([1.0] * until + [0.0]).__next__ if until else in_time
        with nullcontext() if until is None else pytest.raises(UnavailableError, match="the next run goes on"):
            place.forget(user_id, left)
        return calls.count("get_hosted_configuration_version") - 1

    assert len(named.appconfig.versions) == 8
    assert looked("alice", until=3) == 3
    assert looked("carol") == 7
    assert looked("alice") == 4
    assert looked("alice") == 7


def test_an_old_version_that_is_no_text_is_looked_at_all_the_same(named: Rollout) -> None:
    lists(named).forget(GONE, in_time)
    named.appconfig.versions |= {1: b"\xff " + json.dumps(GONE).encode(), 2: b"\xff"}
    assert versions(named).forget(GONE, in_time) == 5
    assert named.appconfig.versions.keys() & {1, 2} == {2}


def test_a_version_that_cannot_be_deleted_keeps_the_erasure_open(named: Rollout) -> None:
    lists(named).forget(GONE, in_time)
    named.appconfig.throttled["delete_hosted_configuration_version"] = 1
    with pytest.raises(UnavailableError):
        versions(named).forget(GONE, in_time)
    assert versions(named).forget(GONE, in_time) == 4


users = st.sampled_from([GONE, "a", "b", "c"])
some = st.lists(users, unique=True).map(tuple)


@given(some, some, st.none() | some.filter(bool), st.integers(1, 100_000), st.booleans())
def test_whatever_a_flag_says_a_document_without_the_person_reads_back_and_nobody_else_moves(
    tested: tuple[str, ...], blocked: tuple[str, ...], listed: tuple[str, ...] | None, share: int, on: bool
) -> None:
    flag = Flag(TABLE, 0, 0, on, Decimal(share) / 1000, tested, blocked, listed)
    document = read(all_off().versions[1]).with_flags(flag)
    content = content_without(written(document), GONE)
    assert content is not None
    found = read(content).flags[TABLE].as_json()
    expected = flag.as_json()
    for name in LISTS:
        assert found[name] == ([user for user in expected[name] or () if user != GONE] or (found[name] and []))
    assert found["rolloutPercent"] in (expected["rolloutPercent"], 0)
    assert found["rolloutPercent"] or listed == (GONE,)


def test_a_stored_document_that_names_nobody_stays_byte_for_byte_and_one_that_cannot_be_written_is_none() -> None:
    content = json.dumps(json.loads(all_off().versions[1]), indent=7).encode()
    assert content_without(content, GONE) == content
    assert content_without(b"nonsense", GONE) is None
    broken = json.loads(content) | {TABLE: {"default": False, "people": [GONE]}}
    assert content_without(json.dumps(broken).encode(), GONE) is None
