"""What ``deploy`` gives to the template and to the functions' stack, and what it says of it."""

from collections.abc import Callable
from typing import Any

import pytest

from infra import __main__ as command_line
from infra.deployment.cloudformation import Stack
from infra.operations import deploy

SETTINGS = {
    "--bucket": "b",
    "--issuer": "https://i",
    "--audience": "page",
    "--origins": "https://o",
    "--jwks-url": "https://i/keys",
    "--secret-id": "s",
    "--secret-digest": "d",
    "--alarm-email": "olga@example.org",
    "--database": "db",
    "--parameter": "ApiConcurrency=50",
}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is deployed, where nobody deploys it: changed flags and an unchanged application."""
    deployed: list[Any] = []

    def application(target: Any, *arguments: Any) -> bool:
        deployed.append((target.region, *arguments))
        return False

    monkeypatch.setattr(deploy, "package", lambda: "package")
    monkeypatch.setattr(deploy, "deploy_flags", lambda _, stage: stage == "dev")
    monkeypatch.setattr(deploy, "flags_parameters", lambda _, stage: {"FlagsApplication": f"app of {stage}"})
    monkeypatch.setattr(deploy, "deploy_application", application)
    monkeypatch.setattr(Stack, "outputs", lambda stack: {"EndpointURL": f"https://api of {stack.name}"})
    for name in ("AUTH_AUDIENCE", "AUTH_ORIGINS", "SECRET_DIGEST", "ALARM_EMAIL", "MONGODB_DATABASE", "PARAMETERS"):
        monkeypatch.delenv(name, raising=False)
    return deployed


def run(settings: dict[str, str], stage: str = "dev") -> None:
    words = [word for setting in settings.items() for word in setting]
    command_line.main(["deploy", "--stage", stage, "--region", "eu-central-1", *words], standalone_mode=False)


def test_every_setting_reaches_the_template_and_both_changes_are_said(
    deployed: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run(SETTINGS)
    assert deployed == [
        (
            "eu-central-1",
            "package",
            "dev",
            "b",
            {
                "AuthIssuer": "https://i",
                "AuthAudience": "page",
                "AuthOrigins": "https://o",
                "AuthJwksUrl": "https://i/keys",
                "SecretId": "s",
                "SecretDigest": "d",
                "MongoDatabase": "db",
                "AlarmEmail": "olga@example.org",
                "ApiConcurrency": "50",
                "FlagsApplication": "app of dev",
            },
        )
    ]
    printed = capsys.readouterr()
    assert printed.err == "target: stage dev in eu-central-1, bucket b\n"
    assert printed.out.startswith("flags deployed, ")
    assert printed.out.endswith("application unchanged\nbase URL: https://api of energy-monitor-dev\n")


def test_what_is_left_out_has_its_default(deployed: list[Any]) -> None:
    run({name: SETTINGS[name] for name in ("--bucket", "--issuer", "--jwks-url", "--secret-id")})
    [(*_, parameters)] = deployed
    empty = {name for name, value in parameters.items() if value == ""}
    assert empty == {"AuthOrigins", "SecretDigest", "AlarmEmail"}
    assert (parameters["AuthAudience"], parameters["MongoDatabase"]) == ("energy-monitor", "energy_monitor")
    assert "ApiConcurrency" not in parameters


def test_an_api_without_an_address_is_said(
    deployed: list[Any], monkeypatch: pytest.MonkeyPatch, printed: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr(deploy, "deploy_application", lambda *_: True)
    monkeypatch.setattr(Stack, "outputs", lambda _: {})
    run(SETTINGS, "other")
    changes, address = printed()
    assert changes.startswith("flags unchanged, ")
    assert (changes[-20:], address) == ("application deployed", "base URL: (see the API in the console)")
