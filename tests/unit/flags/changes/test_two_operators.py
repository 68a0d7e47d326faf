"""Two operators at once: one gets an error and reads who came in between; nothing is lost, a rollback gets through."""

from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from chalicelib.domain.errors import RevisionError, UnavailableError
from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange
from chalicelib.flags.changes.overtaking import carries, in_words
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument, read, written
from chalicelib.flags.document.names import GLOBAL
from tests.unit.flags.rollout import REQUEST, TABLE, Rollout, back


def test_of_two_operators_who_have_seen_one_document_the_second_is_told(risen: Rollout) -> None:
    seen = risen.flags.overview.listing().document.version
    mine, yours = (risen.operator().changes for _ in range(2))
    mine.set(TABLE, FlagPatch(percent=Decimal(60)), ChangeRequest("olga", "mine", seen))
    with pytest.raises(
        RevisionError, match=r'^olga has .* \(set, "mine"\): energy_table is on at 60 %; look at it again'
    ):
        yours.set(TABLE, FlagPatch(percent=Decimal(70)), ChangeRequest("otto", "yours", seen))
    assert risen.table().rollout_percent == 60


@pytest.mark.parametrize("step", ["create_hosted_configuration_version", "start_deployment"])
def test_of_two_operators_at_the_same_moment_one_is_told(risen: Rollout, step: str) -> None:
    """The other one comes between reading and the step."""
    other, real = risen.operator().changes, getattr(risen.appconfig, step)

    def interrupted(**asked: Any) -> Any:
        setattr(risen.appconfig, step, real)
        other.set(TABLE, FlagPatch(percent=Decimal(60)), ChangeRequest("otto", "yours"))
        return real(**asked)

    setattr(risen.appconfig, step, interrupted)
    with pytest.raises(
        RevisionError, match=r'^otto has .* \(set, "yours"\): energy_table is on at 60 %; look at it again'
    ):
        risen.set(70)
    assert risen.table().rollout_percent == 60
    assert percents_ever_made(risen) == {0, 50, 60, *([70] if step == "start_deployment" else [])}
    failed = next(c for c in risen.flags.overview.changes(TABLE, 10) if c.state is ChangeState.FAILED)
    assert (failed.by, failed.after[TABLE]["rolloutPercent"]) == ("olga", 70)


def percents_ever_made(rollout: Rollout) -> set[Decimal]:
    """The table's percentage in every version that AppConfig has."""
    return {read(content).flags[TABLE].rollout_percent for content in rollout.appconfig.versions.values()}


def test_a_change_that_comes_between_reading_and_making_a_version_stops_it(risen: Rollout) -> None:
    other, real = risen.operator().changes, risen.history.save

    def interrupted(change: FlagChange, content: bytes) -> None:
        risen.history.save = real  # type: ignore[method-assign]
        other.set("dashboard_new_backend", FlagPatch(percent=Decimal(5)), ChangeRequest("otto", "yours"))
        real(change, content)

    risen.history.save = interrupted  # type: ignore[method-assign]
    with pytest.raises(RevisionError):
        risen.set(70)
    assert percents_ever_made(risen) == {0, 50}


def test_a_change_that_comes_between_making_a_version_and_deploying_it_is_not_overwritten(risen: Rollout) -> None:
    other, real = risen.operator().changes, risen.appconfig.create_hosted_configuration_version

    def interrupted(**asked: Any) -> Any:
        risen.appconfig.create_hosted_configuration_version = real  # type: ignore[method-assign]
        made = real(**asked)
        other.set("dashboard_new_backend", FlagPatch(percent=Decimal(5)), ChangeRequest("otto", "yours"))
        return made

    risen.appconfig.create_hosted_configuration_version = interrupted  # type: ignore[method-assign]
    with pytest.raises(RevisionError):
        risen.set(70)
    assert risen.flags.overview.listing().document.flags["dashboard_new_backend"].rollout_percent == 5


@pytest.mark.parametrize("step", ["create_hosted_configuration_version", "start_deployment"])
def test_a_rollback_goes_on_top_of_what_somebody_else_deploys_meanwhile(risen: Rollout, step: str) -> None:
    other, real = risen.operator().changes, getattr(risen.appconfig, step)

    def interrupted(**asked: Any) -> Any:
        setattr(risen.appconfig, step, real)
        other.set("dashboard_new_backend", FlagPatch(percent=Decimal(5)), ChangeRequest("otto", "yours"))
        return real(**asked)

    setattr(risen.appconfig, step, interrupted)
    back(risen)
    flags = risen.flags.overview.listing().document.flags
    assert (flags[TABLE].enabled, flags["dashboard_new_backend"].rollout_percent) == (False, Decimal(5))


@pytest.mark.parametrize("races", [4, 5])
def test_a_rollback_that_loses_five_races_gives_up_and_says_by_whom_it_was_overtaken(
    risen: Rollout, races: int
) -> None:
    other, real = risen.operator().changes, risen.appconfig.start_deployment
    lost: list[dict[str, Any]] = []

    def overtaking(**asked: Any) -> Any:
        if len(lost) < races and asked["Description"].startswith("rollback"):
            lost.append(asked)
            other.set("dashboard_new_backend", FlagPatch(percent=Decimal(len(lost))), ChangeRequest("otto", "yours"))
        return real(**asked)

    risen.appconfig.start_deployment = overtaking  # type: ignore[method-assign]
    if races < 5:
        back(risen)
    else:
        with pytest.raises(RevisionError, match="otto"):
            back(risen)
    assert (risen.table().enabled, len(lost)) == (races == 5, races)


def overtaken(rollout: Rollout, change: str = TABLE, after_polls: int = 0, percent: int = 20) -> Rollout:
    """Somebody without our locks deploys after ``after_polls`` polls of what was deployed here."""
    other, real, polls = rollout.operator().changes, rollout.appconfig.get_latest_configuration, [0]

    def polled(ConfigurationToken: str) -> Any:  # noqa: N803 the name AWS gives it
        polls[0] += 1
        if polls[0] == after_polls + 1:
            rollout.appconfig.get_latest_configuration = real  # type: ignore[method-assign]
            other.set(change, FlagPatch(percent=Decimal(percent)), ChangeRequest("otto", "yours"))
        return real(ConfigurationToken)

    rollout.appconfig.get_latest_configuration = polled  # type: ignore[method-assign]
    return rollout


@pytest.mark.parametrize("after_polls", [0, 1, 5, 14])
def test_who_is_overtaken_after_the_deployment_learns_at_once_by_whom_and_to_what(
    risen: Rollout, after_polls: int
) -> None:
    started = risen.appconfig.now
    change = overtaken(risen, after_polls=after_polls).set(10).change
    assert change.in_effect_ms is None
    assert (change.problem or "").startswith("deployed, then overtaken: otto has changed the flag document meanwhile")
    assert '(set, "yours"): energy_table is on at 20 %' in (change.problem or "")
    assert risen.appconfig.now - started < after_polls + 17  # the other one's own 15 seconds, and no wait after them
    kept = next(item for item in risen.flags.overview.changes(TABLE, 9) if item.id == change.id)
    assert kept == change


def test_who_is_overtaken_by_other_tools_learns_what_appconfig_knows(risen: Rollout) -> None:
    real = risen.appconfig.get_latest_configuration

    def polled(ConfigurationToken: str) -> Any:  # noqa: N803 the name AWS gives it
        risen.appconfig.get_latest_configuration = real  # type: ignore[method-assign]
        document = read(risen.appconfig.versions[2])
        risen.appconfig.deployed(document)
        risen.appconfig.deployments[-1].description = "by hand"
        return real(ConfigurationToken)

    risen.appconfig.get_latest_configuration = polled  # type: ignore[method-assign]
    problem = risen.set(10).change.problem or ""
    assert 'somebody else has changed the flag document meanwhile (deployment 5: "by hand")' in problem
    assert "energy_table is off at 0 %" in problem


def test_a_change_of_another_flag_on_top_of_mine_overtakes_nothing(risen: Rollout) -> None:
    change = overtaken(risen, "dashboard_new_backend", after_polls=3).set(10).change
    assert (change.problem, change.in_effect_ms is None) == (None, False)


def lagging(rollout: Rollout, polls: int) -> None:
    """So many polls still show the document before the one on top of which the change is made."""
    real, seen = rollout.appconfig.get_latest_configuration, [0]

    def polled(ConfigurationToken: str) -> Any:  # noqa: N803 the name AWS gives it
        seen[0] += 1
        answer = real(ConfigurationToken)
        return answer | {"Configuration": BytesIO(rollout.appconfig.versions[1])} if seen[0] <= polls else answer

    rollout.appconfig.get_latest_configuration = polled  # type: ignore[method-assign]


def test_an_older_document_that_a_poll_still_shows_overtakes_nothing(risen: Rollout) -> None:
    lagging(risen, 3)
    change = risen.set(10).change
    assert (change.problem, change.in_effect_ms) == (None, 15_750)


def test_while_polls_show_the_document_before_nobody_asks_who_has_overtaken(risen: Rollout) -> None:
    before = read(risen.appconfig.serving())
    real, seen = risen.appconfig.get_latest_configuration, [0]

    def polled(ConfigurationToken: str) -> Any:  # noqa: N803 the name AWS gives it
        seen[0] += 1
        answer = real(ConfigurationToken)
        return answer | {"Configuration": BytesIO(written(before))} if seen[0] <= 8 else answer

    risen.appconfig.get_latest_configuration = polled  # type: ignore[method-assign]
    risen.appconfig.calls.clear()
    change = risen.set(10).change
    assert (change.problem, change.in_effect_ms) == (None, 17_000)
    assert risen.appconfig.calls.count("list_deployments") == 1


SLIDER = "timeline_slider_new_backend"
OFF = Flag(TABLE, 0, 0)


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        (OFF, "energy_table is off at 0 %"),
        (replace(OFF, enabled=True, rollout_percent=Decimal("12.5")), "energy_table is on at 12.5 %"),
        (replace(OFF, retired=True), "energy_table is retired"),
        (Flag(GLOBAL, 0, 0), "global is off"),
        (Flag(GLOBAL, 0, 0, enabled=True), "global is on"),
    ],
)
def test_a_flag_in_few_words(flag: Flag, words: str) -> None:
    assert in_words({flag.name: flag.as_json()}) == words


def test_flags_in_few_words_stand_beside_each_other() -> None:
    flags = {flag.name: flag.as_json() for flag in (OFF, Flag(SLIDER, 0, 0, enabled=True))}
    assert in_words(flags) == "energy_table is off at 0 %, timeline_slider is on at 0 %"


def message(rollout: Rollout, seen: str, own: str = "") -> str:
    return rollout.flags.changes.publishing.overtaking.message(seen, [TABLE, GLOBAL], own)


LOOK_AGAIN = "look at it again: flags list"
OLGA = f'olga has changed the flag document meanwhile (set, "as planned"): energy_table is on at 50 %; {LOOK_AGAIN}'


def test_who_made_the_deployed_document_is_named(risen: Rollout) -> None:
    assert message(risen, "what was seen") == OLGA


def test_nobody_overtakes_themselves(risen: Rollout) -> None:
    own = risen.history.changes(TABLE, 1)[0].id
    assert message(risen, "what was seen", own) == (
        "somebody else has changed the flag document meanwhile (deployment 3: "
        f'"set {TABLE} change {own}"): energy_table is on at 50 %, global is on; {LOOK_AGAIN}'
    )


def saved(rollout: Rollout, **members: object) -> FlagChange:
    """The last change once more in the record, with other members."""
    last = rollout.history.changes(TABLE, 1)[0]
    other = replace(last, id="another", by="otto", at=last.at + 1_000, **members)  # type: ignore[arg-type]
    rollout.history.save(other, b"")
    return other


def test_a_change_that_failed_has_overtaken_nobody(risen: Rollout) -> None:
    saved(risen, state=ChangeState.FAILED)
    assert message(risen, "what was seen") == OLGA


@pytest.mark.parametrize(("deployment", "by"), [(None, "otto"), (3, "otto"), (2, "olga")])
def test_of_changes_to_the_same_document_the_one_of_this_deployment_has_made_it(
    risen: Rollout, deployment: int | None, by: str
) -> None:
    saved(risen, deployment=deployment)
    assert message(risen, "what was seen").startswith(f"{by} has changed")


def test_where_the_document_is_still_the_one_that_was_seen_the_change_on_its_way_is_named(risen: Rollout) -> None:
    seen = risen.history.changes(TABLE, 1)[0].to_version
    assert message(risen, seen).startswith("somebody else has changed")
    saved(risen, to_version="on its way", state=ChangeState.STARTED, deployment=None)
    assert message(risen, seen).startswith("otto has changed")


def test_the_ten_latest_changes_are_looked_at(risen: Rollout) -> None:
    for number in range(9):
        risen.history.save(replace(saved(risen, to_version="elsewhere"), id=str(number)), b"")
    risen.history._changes.pop("another")
    assert message(risen, "what was seen") == OLGA
    saved(risen, to_version="elsewhere")
    assert message(risen, "what was seen").startswith("somebody else has changed")


def test_without_the_record_appconfig_is_asked_and_without_both_there_is_little_to_say(risen: Rollout) -> None:
    risen.history.changes = _down  # type: ignore[method-assign, assignment]
    assert message(risen, "what was seen").startswith(
        "somebody else has changed the flag document meanwhile (deployment 3"
    )
    with risen.appconfig.outage():
        assert message(risen, "what was seen") == f"somebody else has changed the flag document meanwhile; {LOOK_AGAIN}"
    risen.appconfig.deployed(b"no document")
    assert message(risen, "what was seen") == f"somebody else has changed the flag document meanwhile; {LOOK_AGAIN}"


def _down(*_: object) -> None:
    raise UnavailableError("the database did not answer")


def test_a_document_carries_a_change_whose_flags_say_what_it_made_of_them(risen: Rollout) -> None:
    change = risen.set(60).change
    document = risen.flags.overview.listing().document
    assert carries(document, change)
    risen.flags.changes.set(SLIDER, FlagPatch(percent=Decimal(5)), REQUEST)
    assert carries(risen.flags.overview.listing().document, change)
    assert not carries(FlagDocument({}), change)
    risen.set(70)
    assert not carries(risen.flags.overview.listing().document, change)
