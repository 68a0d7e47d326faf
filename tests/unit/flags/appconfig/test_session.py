"""When a session with AppConfig begins anew, and what it is asked with."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.flags.appconfig.session import ConfigurationSession
from infra.simulation.memory.migration.appconfig import PLACE, refusal

HOUR = 3600.0


@dataclass
class Client:
    """AppConfig's data plane at any pace: each token is good for one call."""

    now: float = 1_000_000.0
    begun: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refusals: list[ClientError] = field(default_factory=list)

    def start_configuration_session(self, **asked: Any) -> dict[str, str]:
        self.begun.append(asked)
        return {"InitialConfigurationToken": f"first-{len(self.begun)}"}

    def get_latest_configuration(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked["ConfigurationToken"])
        if self.refusals:
            raise self.refusals.pop()
        return {
            "NextPollConfigurationToken": f"next-{len(self.asked)}",
            "NextPollIntervalInSeconds": 30,
            "Configuration": BytesIO(b"{}"),
        }

    @property
    def session(self) -> ConfigurationSession:
        return ConfigurationSession(lambda: self, PLACE, lambda: self.now)  # type: ignore[arg-type, return-value]


def test_a_session_names_its_place_and_the_shortest_interval() -> None:
    client = Client()
    session = client.session
    assert (session.wait_seconds, client.begun) == (15.0, [])
    assert session.poll() == b"{}"
    assert client.begun == [
        {
            "ApplicationIdentifier": "app1234",
            "EnvironmentIdentifier": "env1234",
            "ConfigurationProfileIdentifier": "pro1234",
            "RequiredMinimumPollIntervalInSeconds": 15,
        }
    ]
    assert session.wait_seconds == 30.0


def test_each_poll_uses_the_token_of_the_one_before() -> None:
    client = Client()
    session = client.session
    for _ in range(3):
        session.poll()
    assert client.asked == ["first-1", "next-1", "next-2"]


@pytest.mark.parametrize(
    ("passed", "sessions"), [(0.0, 1), (0.5, 1), (23 * HOUR - 1, 1), (23 * HOUR, 2), (24 * HOUR, 2), (-0.001, 2)]
)
def test_a_session_of_23_hours_is_too_old_and_so_is_one_from_the_future(passed: float, sessions: int) -> None:
    client = Client()
    session = client.session
    session.poll()
    client.now += passed
    session.poll()
    assert len(client.begun) == sessions


def test_the_age_of_a_session_counts_from_its_own_beginning() -> None:
    client = Client()
    session = client.session
    session.poll()
    for _ in range(3):
        client.now += 22 * HOUR
        session.poll()
    assert len(client.begun) == 2


def test_a_token_that_is_refused_begins_one_new_session_and_no_more() -> None:
    client = Client(refusals=[refusal("BadRequestException", "the token has expired")])
    assert client.session.poll() == b"{}"
    assert client.asked == ["first-1", "first-2"]
    client = Client(refusals=[refusal("BadRequestException", "no"), refusal("BadRequestException", "no again")])
    with pytest.raises(ClientError, match=r"no$"):
        client.session.poll()
    assert len(client.begun) == 2


def test_after_any_other_refusal_the_next_poll_begins_anew() -> None:
    client = Client(refusals=[refusal("ThrottlingException", "slower")])
    session = client.session
    with pytest.raises(ClientError, match="slower"):
        session.poll()
    assert len(client.begun) == 1
    session.poll()
    assert client.asked == ["first-1", "first-2"]
