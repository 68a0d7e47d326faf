"""A deployment starts with settings that fit together, or not at all."""

import pytest
from pydantic import ValidationError

from chalicelib.settings import Settings
from infra.deployment.application import application_stack
from infra.local.layout import Layout, Ports

GOOD = {
    "STAGE": "prod",
    "EVENT_BUS_NAME": "energy",
    "AUTH_ISSUER": "https://issuer.example",
    "AUTH_AUDIENCE": "energy-monitor",
    "AUTH_JWKS_URL": "https://issuer.example/keys",
    "SECRET_ID": "energy",
    "MONGODB_DATABASE": "energy",
    "FLAGS_APPLICATION_ID": "a1b2c3d",
    "FLAGS_ENVIRONMENT_ID": "e1b2c3d",
    "FLAGS_PROFILE_ID": "p1b2c3d",
    "FLAGS_STRATEGY_ID": "s1b2c3d",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/000000000000/letters",
    "WORK_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/000000000000/work",
}


def test_the_environment_is_read_by_its_names() -> None:
    settings = Settings.from_environment(GOOD | {"LOG_LEVEL": "DEBUG", "HOME": "/"})
    assert (settings.stage, settings.event_bus_name, settings.log_level) == ("prod", "energy", "DEBUG")


def test_what_lambda_gives_of_memory_is_read_where_it_says_so() -> None:
    assert Settings.from_environment(GOOD | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512"}).memory_mb == 512
    assert Settings.from_environment(GOOD).memory_mb == 0


def test_what_is_wrong_is_said_without_the_environment() -> None:
    """It holds the function's own credentials."""
    with pytest.raises(ValidationError) as caught:
        Settings.from_environment({"AWS_SESSION_TOKEN": "marked"})
    assert "STAGE" in str(caught.value)
    assert "marked" not in str(caught.value)


@pytest.mark.parametrize("stage", ["dev", "local"])
def test_the_stack_has_the_name_under_which_it_is_deployed(stage: str) -> None:
    assert Settings.from_environment(GOOD | {"STAGE": stage}).stack == application_stack(stage)


def test_a_template_from_before_there_were_releases_is_enough() -> None:
    assert Settings.from_environment(GOOD).release == ""
    assert Settings.from_environment(GOOD | {"RELEASE": "abc"}).release == "abc"


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings.from_environment({key: value for key, value in GOOD.items() if key != name})


def test_only_the_laptop_trusts_the_laptops_issuer() -> None:
    laptop = {"AUTH_ISSUER": Layout("local", Ports()).issuer_url}
    with pytest.raises(ValidationError, match="AUTH_ISSUER to start with https://"):
        Settings.from_environment(GOOD | laptop)
    assert Settings.from_environment(GOOD | laptop | {"STAGE": "local"}).stage == "local"


def test_keys_travel_encrypted_everywhere_but_on_the_laptop() -> None:
    plain = {"AUTH_JWKS_URL": "http://127.0.0.1/keys"}
    with pytest.raises(ValidationError, match="https://"):
        Settings.from_environment(GOOD | plain)
    assert Settings.from_environment(GOOD | plain | {"STAGE": "local"}).stage == "local"


@pytest.mark.parametrize("url", ["file:///etc/keys", "ftp://issuer.example"])
def test_keys_come_over_http_only(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings.from_environment(GOOD | {"AUTH_JWKS_URL": url, "STAGE": "local"})


def test_the_page_may_ask_further_origins_of_the_issuer() -> None:
    assert Settings.from_environment(GOOD | {"AUTH_ORIGINS": "https://a.example https://b.example:8443"})
    for wrong in ("https://a.example/path", "http://a.example", "https://a.example; script-src *", "*"):
        with pytest.raises(ValidationError, match="AUTH_ORIGINS"):
            Settings.from_environment(GOOD | {"AUTH_ORIGINS": wrong})
