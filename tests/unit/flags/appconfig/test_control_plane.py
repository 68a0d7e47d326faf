"""What is deployed, by the calls that it takes and no more; the steps of a deployment, and with what each is asked."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.errors import RolloutError
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from infra.simulation.memory.migration.appconfig import PLACE, Deployment, FakeAppConfig, all_off


def looked(appconfig: FakeAppConfig) -> list[str]:
    """The calls of one look."""
    appconfig.calls.clear()
    AppConfigControlPlane(appconfig.clients.changing, PLACE).deployed()
    return appconfig.calls


def test_a_look_asks_for_what_is_there_and_never_for_what_is_not() -> None:
    assert looked(all_off()) == [
        "list_deployments",
        "get_deployment",
        "get_hosted_configuration_version",
        "list_hosted_configuration_versions",
    ]


def test_the_latest_numbers_are_found_on_whichever_page_they_are() -> None:
    appconfig = all_off()
    for _ in range(60):
        appconfig.deployed(next(iter(appconfig.versions.values())))
    found = AppConfigControlPlane(appconfig.clients.changing, PLACE).deployed()
    assert (found.config_version, found.latest_version, found.latest_deployment) == (61, 61, 61)


def test_before_the_first_deployment_the_latest_has_no_number() -> None:
    assert AppConfigControlPlane(FakeAppConfig().clients.changing, PLACE).latest_deployment() == 0


def control_plane(appconfig: FakeAppConfig) -> AppConfigControlPlane:
    return AppConfigControlPlane(appconfig.clients.changing, PLACE)


def asked_of(appconfig: FakeAppConfig, operation: str) -> list[dict[str, Any]]:
    """With what an operation is asked from now on."""
    real, asked = getattr(appconfig, operation), list[dict[str, Any]]()

    def noted(**given: Any) -> Any:
        asked.append(given)
        return real(**given)

    setattr(appconfig, operation, noted)
    return asked


def test_a_version_has_its_own_content_and_no_other() -> None:
    appconfig = all_off()
    home, content = control_plane(appconfig), appconfig.versions[1]
    assert home.holds(1, content)
    assert not home.holds(1, content + b" ")
    assert not home.holds(2, content)  # there is none
    appconfig.throttled["get_hosted_configuration_version"] = 1
    with pytest.raises(ClientError, match="rate exceeded"):
        home.holds(2, content)


def test_a_version_is_made_as_json_on_top_of_the_latest() -> None:
    appconfig = all_off()
    asked = asked_of(appconfig, "create_hosted_configuration_version")
    assert control_plane(appconfig).create(appconfig.versions[1], 1) == 2
    assert asked == [
        {
            "ApplicationId": "app1234",
            "ConfigurationProfileId": "pro1234",
            "Content": appconfig.versions[1],
            "ContentType": "application/json",
            "LatestVersionNumber": 1,
        }
    ]


@pytest.mark.parametrize(("length", "shown"), [(1023, 1023), (1024, 1024), (1025, 1024)])
def test_a_deployment_is_started_with_as_much_of_its_description_as_appconfig_takes(length: int, shown: int) -> None:
    appconfig = all_off()
    asked = asked_of(appconfig, "start_deployment")
    assert control_plane(appconfig).start(1, 1, "d" * length) == 2
    assert asked == [
        {
            "ApplicationId": "app1234",
            "EnvironmentId": "env1234",
            "ConfigurationProfileId": "pro1234",
            "ConfigurationVersion": "1",
            "DeploymentStrategyId": "str1234",
            "Description": "d" * shown,
            "LatestDeploymentNumber": 1,
        }
    ]


@pytest.mark.parametrize(("state", "reverts"), [("", False), ("VALIDATING", False), ("BAKING", True)])
def test_only_a_baking_deployment_is_stopped_by_taking_it_back(state: str, reverts: bool) -> None:
    appconfig = all_off()
    appconfig.deployments.append(Deployment(2, 1, appconfig.now, 9, state))
    asked = asked_of(appconfig, "stop_deployment")
    control_plane(appconfig).stop(2)
    assert asked == [
        {"ApplicationId": "app1234", "EnvironmentId": "env1234", "DeploymentNumber": 2, "AllowRevert": reverts}
    ]


def test_what_has_ended_by_itself_is_left_alone_and_other_refusals_are_not() -> None:
    appconfig = all_off()
    control_plane(appconfig).stop(1)
    assert appconfig.deployments[0].state == ""
    appconfig.throttled["stop_deployment"] = 1
    with pytest.raises(ClientError, match="rate exceeded"):
        control_plane(appconfig).stop(1)


@pytest.mark.parametrize(
    ("number", "version", "found"), [(1, 1, True), (2, 1, False), (3, 1, False), (1, 2, False), (2, 2, True)]
)
def test_a_deployment_is_of_one_version_of_one_profile(number: int, version: int, found: bool) -> None:
    appconfig = all_off()
    appconfig.deployed(appconfig.versions[1])
    appconfig.deployments.append(Deployment(3, 1, appconfig.now, profile="another"))
    assert control_plane(appconfig).deploys(number, version) is found


@pytest.mark.parametrize("state", ["DEPLOYING", "VALIDATING", "BAKING", "ROLLING_BACK"])
def test_whatever_has_not_come_to_its_end_is_under_way(state: str) -> None:
    appconfig = all_off()
    appconfig.deployments.append(Deployment(2, 1, appconfig.now, state=state, profile="another"))
    found = control_plane(appconfig).deployed()
    assert (found.config_version, found.latest_deployment, found.under_way) == (1, 2, 2)


@pytest.mark.parametrize("state", ["COMPLETE", "ROLLED_BACK", "REVERTED"])
def test_what_has_come_to_its_end_is_not_under_way(state: str) -> None:
    appconfig = all_off()
    appconfig.deployments.append(Deployment(2, 1, appconfig.now, state=state, profile="another"))
    assert control_plane(appconfig).deployed().under_way is None


def test_of_two_deployments_under_way_the_latest_is_named() -> None:
    appconfig = all_off()
    for number in (2, 3):
        appconfig.deployments.append(Deployment(number, 1, appconfig.now, 9))
    assert control_plane(appconfig).deployed().under_way == 3


def test_where_nothing_was_ever_deployed_the_way_to_the_first_is_said() -> None:
    with pytest.raises(
        RolloutError, match=r"^no flag document was ever deployed here: infra/appconfig\.yaml brings the first$"
    ):
        control_plane(FakeAppConfig()).deployed()
    appconfig = all_off()
    appconfig.deployments[0].state = "ROLLED_BACK"
    with pytest.raises(RolloutError, match="ever deployed"):
        control_plane(appconfig).deployed()


def test_without_a_list_of_versions_the_latest_has_no_number() -> None:
    appconfig = all_off()
    appconfig.list_hosted_configuration_versions = lambda **_: {"Items": []}  # type: ignore[method-assign]
    assert control_plane(appconfig).deployed().latest_version == 0


def test_a_version_is_deleted_by_its_number() -> None:
    appconfig = all_off()
    appconfig.deployed(appconfig.versions[1])
    control_plane(appconfig).delete(1)
    assert control_plane(appconfig).versions() == [2]
