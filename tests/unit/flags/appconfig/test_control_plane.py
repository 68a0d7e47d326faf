"""Looking at what is deployed: the calls that it takes, and no more."""

from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from infra.simulation.memory.migration.appconfig import PLACE, FakeAppConfig, all_off


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
