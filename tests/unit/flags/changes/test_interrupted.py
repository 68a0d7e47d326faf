"""From the moment that a deployment was asked for a change is live: it is remembered, whatever happens after that."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.domain.errors import RevisionError, RolloutError, UnavailableError
from chalicelib.domain.migration.records.flag_history import ChangeState
from chalicelib.flags.appconfig.deployment import Waiting
from chalicelib.flags.document.flag_document import version_of
from infra.simulation.memory.migration.appconfig import Deployment, refusal
from tests.unit.flags.rollout import REQUEST, TABLE, Rollout, back

CHANGES: dict[str, Callable[[Rollout], Any]] = {
    "set": lambda rollout: rollout.set(60),
    "rollback": back,
    "kill": lambda rollout: rollout.flags.changes.kill(REQUEST),
}
every_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
GONE = EndpointConnectionError(endpoint_url="https://appconfig.example")


def latest(rollout: Rollout) -> Any:
    return max(rollout.flags.overview.changes(TABLE, 9), key=lambda change: change.deployment or 0)


def after_the_start(rollout: Rollout, happen: Callable[[], None]) -> None:
    """Let something happen as soon as a deployment was started."""
    real = rollout.appconfig.start_deployment

    def start(**asked: Any) -> Any:
        answer = real(**asked)
        happen()
        return answer

    rollout.appconfig.start_deployment = start  # type: ignore[method-assign]


@every_change
def test_a_change_whose_wait_is_interrupted_is_remembered(risen: Rollout, change: Callable[[Rollout], Any]) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    publishing = risen.flags.changes.publishing
    impatient = replace(publishing, waiting=Waiting(publishing.waiting.clock, interrupt))
    risen.flags = replace(risen.flags, changes=replace(risen.flags.changes, publishing=impatient))
    with pytest.raises(KeyboardInterrupt):
        change(risen)
    kept = latest(risen)
    assert (kept.state, kept.deployment, kept.in_effect_ms) == (ChangeState.DEPLOYED, 4, None)
    assert "not yet seen in effect" in kept.problem
    assert kept.to_version == risen.flags.overview.listing().document.version


def test_a_change_that_is_in_effect_has_no_problem(risen: Rollout) -> None:
    assert back(risen).change.problem is None


@every_change
def test_a_deployment_that_cannot_be_asked_for_any_more_is_live_all_the_same(
    risen: Rollout, change: Callable[[Rollout], Any]
) -> None:
    def vanish() -> None:
        risen.appconfig.get_deployment = broken  # type: ignore[method-assign, assignment]

    def broken(**asked: Any) -> Any:
        raise GONE

    after_the_start(risen, vanish)
    made = change(risen)
    assert (made.change.state, made.change.deployment) == (ChangeState.DEPLOYED, 4)
    assert made.change.in_effect_ms is not None
    assert latest(risen) == made.change


@every_change
def test_a_deployment_that_takes_its_time_is_waited_for_by_the_polls(
    risen: Rollout, change: Callable[[Rollout], Any]
) -> None:
    risen.appconfig.deployment_seconds = 40
    made = change(risen)
    assert made.change.state is ChangeState.DEPLOYED
    assert made.change.in_effect_ms >= 40_000


@every_change
@pytest.mark.parametrize("state", ["ROLLED_BACK", "REVERTED"])
def test_a_deployment_that_somebody_takes_back_has_failed(
    risen: Rollout, change: Callable[[Rollout], Any], state: str
) -> None:
    after_the_start(risen, lambda: setattr(risen.appconfig.deployments[-1], "state", state))
    with pytest.raises(RolloutError, match=f"deployment 4 is {state}"):
        change(risen)
    assert (latest(risen).state, latest(risen).deployment) == (ChangeState.FAILED, 4)
    assert risen.table().rollout_percent == 50


def test_a_deployment_that_is_taken_back_after_some_seconds_has_failed_too(risen: Rollout) -> None:
    """Nothing is looked for in the polls before it has ended one way or the other."""
    risen.appconfig.deployment_seconds = 10
    real, ends = risen.appconfig.get_deployment, risen.appconfig.now + 5

    def taken_back(DeploymentNumber: int, **asked: Any) -> dict[str, Any]:  # noqa: N803 the name AWS gives it
        if risen.appconfig.now >= ends:
            risen.appconfig.deployments[-1].state = "ROLLED_BACK"
        return real(DeploymentNumber, **asked)

    risen.appconfig.get_deployment = taken_back  # type: ignore[method-assign]
    with pytest.raises(RolloutError, match="deployment 4 is ROLLED_BACK"):
        risen.set(60)
    assert risen.appconfig.now - ends < 1


@every_change
@pytest.mark.parametrize("error", [GONE, refusal("ConflictException", "tried again"), refusal("Internal", "oh")])
def test_a_start_whose_answer_got_lost_is_recognized(
    risen: Rollout, change: Callable[[Rollout], Any], error: Exception
) -> None:
    def lose() -> None:
        raise error

    after_the_start(risen, lose)
    made = change(risen)
    assert (made.change.state, made.change.deployment) == (ChangeState.DEPLOYED, 4)
    assert len(risen.appconfig.deployments) == 4


def test_a_deployment_of_another_profile_is_not_taken_for_ours(risen: Rollout) -> None:
    appconfig, real = risen.appconfig, risen.appconfig.start_deployment

    def overtaken(**asked: Any) -> Any:
        version = int(asked["ConfigurationVersion"])  # each profile counts its own
        appconfig.deployments.append(Deployment(4, version, appconfig.now, profile="another"))
        return real(**asked)

    appconfig.start_deployment = overtaken  # type: ignore[method-assign]
    with pytest.raises(RevisionError):
        risen.set(60)
    assert risen.table().rollout_percent == 50


@every_change
def test_a_start_of_which_nothing_is_known_says_where_to_look(risen: Rollout, change: Callable[[Rollout], Any]) -> None:
    after_the_start(risen, lambda: setattr(risen.appconfig, "down", True))
    real = risen.appconfig.start_deployment

    def start(**asked: Any) -> Any:
        real(**asked)
        raise GONE

    risen.appconfig.start_deployment = start  # type: ignore[method-assign]
    with pytest.raises(UnavailableError, match="flags list"):
        change(risen)


@every_change
def test_a_start_of_which_nothing_is_known_is_not_recorded_as_one_that_failed(
    risen: Rollout, change: Callable[[Rollout], Any]
) -> None:
    """What failed counts for nothing: who asks since when everybody is in, or who was in then, passes it over."""
    real = risen.appconfig.start_deployment

    def start(**asked: Any) -> Any:
        real(**asked)
        risen.appconfig.down = True
        raise GONE

    risen.appconfig.start_deployment = start  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        change(risen)
    kept = risen.history.changes(TABLE, 1)[0]
    assert kept.to_version == version_of(risen.appconfig.versions[risen.appconfig.deployments[-1].version])
    assert (kept.state, kept.deployment) == (ChangeState.STARTED, None)
    assert "whether the change is deployed" in str(kept.problem)


@every_change
@pytest.mark.parametrize("polls", [0, 1, 7])
def test_of_an_appconfig_that_dies_during_the_wait_only_that_is_said(
    risen: Rollout, change: Callable[[Rollout], Any], polls: int
) -> None:
    real, seen = risen.appconfig.get_latest_configuration, [0]

    def polled(ConfigurationToken: str) -> Any:  # noqa: N803 the name AWS gives it
        seen[0] += 1
        risen.appconfig.down = risen.appconfig.down or seen[0] > polls
        return real(ConfigurationToken)

    risen.appconfig.pass_time(15)
    risen.appconfig.get_latest_configuration = polled  # type: ignore[method-assign]
    made = change(risen).change
    assert (made.in_effect_ms, "AppConfig does not answer" in made.problem) == (None, True)


@every_change
def test_an_appconfig_that_comes_back_without_the_change_has_lost_it(
    risen: Rollout, change: Callable[[Rollout], Any]
) -> None:
    def forget() -> None:
        del risen.appconfig.deployments[2:], risen.appconfig.versions[3], risen.appconfig.versions[4]

    after_the_start(risen, forget)
    made = change(risen).change
    assert (made.in_effect_ms, "AppConfig has lost it" in made.problem, "flags restore" in made.problem) == (
        None,
        True,
        True,
    )


def loses_deployments(rollout: Rollout) -> None:
    """Between reading and starting a deployment."""
    real = rollout.appconfig.start_deployment

    def start(**asked: Any) -> Any:
        rollout.appconfig.start_deployment = real  # type: ignore[method-assign]
        del rollout.appconfig.deployments[2:]
        return real(**asked)

    rollout.appconfig.start_deployment = start  # type: ignore[method-assign]


def test_an_appconfig_that_has_lost_deployments_before_the_start_is_not_somebody_else(risen: Rollout) -> None:
    loses_deployments(risen)
    with pytest.raises(RevisionError, match=r"^AppConfig has lost deployments.*flags restore"):
        risen.set(60)


@pytest.mark.parametrize("change", ["rollback", "kill"])
def test_a_way_back_gets_through_an_appconfig_that_loses_deployments(risen: Rollout, change: str) -> None:
    loses_deployments(risen)
    assert CHANGES[change](risen).change.problem is None
    assert not risen.table().enabled


@every_change
def test_a_version_whose_answer_got_lost_is_no_conflict_with_somebody_else(
    risen: Rollout, change: Callable[[Rollout], Any]
) -> None:
    """The client of AWS asks again by itself, and the second answer is a conflict with the first."""
    real = risen.appconfig.create_hosted_configuration_version

    def twice(**asked: Any) -> Any:
        real(**asked)
        return real(**asked)

    risen.appconfig.create_hosted_configuration_version = twice  # type: ignore[method-assign]
    made = change(risen).change
    assert (made.state, made.config_version, made.problem) == (ChangeState.DEPLOYED, 4, None)


CALLS = (
    "list_deployments",
    "get_deployment",
    "get_hosted_configuration_version",
    "list_hosted_configuration_versions",
    "create_hosted_configuration_version",
    "start_deployment",
    "start_configuration_session",
    "get_latest_configuration",
)


@every_change
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("refusals", [1, 2])
def test_a_change_that_appconfig_throttles_is_made_or_refused_in_words_and_can_be_made_again(
    risen: Rollout, change: Callable[[Rollout], Any], call: str, refusals: int
) -> None:
    before = risen.appconfig.content()
    risen.appconfig.throttled[call] = refusals
    made = None
    while made is None:
        try:
            made = change(risen)
        except UnavailableError:
            assert risen.appconfig.content() == before
    assert risen.appconfig.content() != before
    assert made.change.state is ChangeState.DEPLOYED
