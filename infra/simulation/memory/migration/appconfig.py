"""AppConfig with what the emulator lacks: validators, the lock on versions, the age of tokens, the poll interval, 429.

Time is the test's own: ``pass_time`` moves it, and so does everything that pauses. One environment; of other profiles
in it there are deployments only, which block ours.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any, cast

import jsonschema_rs
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.flags.appconfig.clients import AppConfigIds, FlagClients
from chalicelib.flags.document.flag_document import FlagDocument, written
from chalicelib.flags.document.json_schema import document_schema, first_document

PLACE = AppConfigIds("app1234", "env1234", "pro1234", "str1234")
DAY = 24 * 3600.0
GONE = ("ROLLED_BACK", "REVERTED")
IN_APPLICATION = {"ApplicationId": PLACE.application}
OF_PROFILE = IN_APPLICATION | {"ConfigurationProfileId": PLACE.profile}
IN_ENVIRONMENT = IN_APPLICATION | {"EnvironmentId": PLACE.environment}
REQUIRED: dict[str, dict[str, str]] = {
    "list_deployments": IN_ENVIRONMENT,
    "get_deployment": IN_ENVIRONMENT,
    "stop_deployment": IN_ENVIRONMENT,
    "start_deployment": IN_ENVIRONMENT | OF_PROFILE | {"DeploymentStrategyId": PLACE.strategy},
    "list_hosted_configuration_versions": OF_PROFILE,
    "get_hosted_configuration_version": OF_PROFILE,
    "delete_hosted_configuration_version": OF_PROFILE,
    "create_hosted_configuration_version": OF_PROFILE | {"ContentType": "application/json"},
    "start_configuration_session": {
        "ApplicationIdentifier": PLACE.application,
        "EnvironmentIdentifier": PLACE.environment,
        "ConfigurationProfileIdentifier": PLACE.profile,
    },
}


@dataclass
class Deployment:
    """One deployment; it takes ``seconds`` from when it was started."""

    number: int
    version: int
    started: float
    seconds: float = 0.0
    state: str = ""  # set where somebody ended it
    description: str = ""
    profile: str = PLACE.profile

    def state_at(self, now: float) -> str:
        return self.state or ("COMPLETE" if now >= self.started + self.seconds else "DEPLOYING")


@dataclass
class Session:
    """One session of the data plane: the token that is next, and what it was given last."""

    begun: float
    seen: int | None = None
    earliest: float = 0.0


@dataclass
class Paginator:
    """Page after page of a list, as botocore asks for them."""

    listed: Callable[..., dict[str, Any]]

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        more: dict[str, Any] = {}
        while True:
            page = self.listed(**asked, **more)
            yield page
            if "NextToken" not in page:
                return
            more = {"NextToken": page["NextToken"]}


@dataclass
class FakeAppConfig:
    """Both planes, as the two boto3 clients call them."""

    now: float = 1_800_000_000.0
    versions: dict[int, bytes] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)
    tokens: dict[str, Session] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    down: bool = False
    throttled: Counter[str] = field(default_factory=Counter)  # how many calls of an operation are refused next
    deployment_seconds: float = 0.0
    poll_seconds: int = 15

    # what tests do

    def deployed(self, document: FlagDocument | bytes) -> "FakeAppConfig":
        """Put a document there as nobody of ours would: without validators and locks."""
        content = document if isinstance(document, bytes) else written(document)
        version = max(self.versions, default=0) + 1
        self.versions[version] = content
        self.deployments.append(Deployment(len(self.deployments) + 1, version, self.now))
        return self

    def content(self) -> Any:
        """The deployed content."""
        return json.loads(self.serving())

    def serving(self) -> bytes:
        """The deployed content in its stored form."""
        return self.versions[self._serving().version]

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.down = True
        yield
        self.down = False

    @property
    def clients(self) -> FlagClients:
        client = cast(Any, self)
        return FlagClients(lambda: client, lambda: client, lambda: client)

    # the data plane

    def start_configuration_session(self, **asked: Any) -> dict[str, Any]:
        self._called("start_configuration_session", asked)
        self.poll_seconds = max(15, asked["RequiredMinimumPollIntervalInSeconds"])
        return {"InitialConfigurationToken": self._issue(Session(self.now))}

    def get_latest_configuration(self, ConfigurationToken: str) -> dict[str, Any]:  # noqa: N803 the name AWS gives it
        self._called("get_latest_configuration")
        session = self.tokens.pop(ConfigurationToken, None)
        if session is None:
            raise refusal("BadRequestException", "the token was used already")
        if self.now - session.begun >= DAY:
            raise refusal("BadRequestException", "the token has expired")
        if self.now < session.earliest:
            raise refusal("BadRequestException", "the poll interval is not over")
        serving = self._serving()
        known = session.seen == serving.version
        following = Session(session.begun, serving.version, self.now + self.poll_seconds)
        return {
            "NextPollConfigurationToken": self._issue(following),
            "NextPollIntervalInSeconds": self.poll_seconds,
            "Configuration": BytesIO(b"" if known else self.versions[serving.version]),
        }

    # the control plane

    def list_deployments(self, **asked: Any) -> dict[str, Any]:
        self._called("list_deployments", asked)
        newest = reversed(self.deployments)
        return {"Items": [{"DeploymentNumber": item.number} for item in newest][:50]}

    def get_deployment(self, DeploymentNumber: int, **asked: Any) -> dict[str, Any]:  # noqa: N803
        self._called("get_deployment", asked)
        if not 0 < DeploymentNumber <= len(self.deployments):
            raise refusal("ResourceNotFoundException", f"deployment {DeploymentNumber}")
        found = self.deployments[DeploymentNumber - 1]
        return {
            "DeploymentNumber": found.number,
            "ConfigurationProfileId": found.profile,
            "ConfigurationVersion": str(found.version),
            "State": found.state_at(self.now),
            "Description": found.description,
        }

    def list_hosted_configuration_versions(self, **asked: Any) -> dict[str, Any]:
        self._called("list_hosted_configuration_versions", asked)
        start = int(asked.get("NextToken", 0))
        page = list(self.versions)[start : start + 2]
        more = {"NextToken": str(start + 2)} if start + 2 < len(self.versions) else {}
        return {"Items": [{"VersionNumber": number} for number in page], **more}

    def get_paginator(self, operation: str) -> "Paginator":
        return Paginator(getattr(self, operation))

    def get_hosted_configuration_version(self, VersionNumber: int, **asked: Any) -> dict[str, Any]:  # noqa: N803
        self._called("get_hosted_configuration_version", asked)
        if VersionNumber not in self.versions:
            raise refusal("ResourceNotFoundException", f"version {VersionNumber}")
        return {"Content": BytesIO(self.versions[VersionNumber])}

    def create_hosted_configuration_version(self, **asked: Any) -> dict[str, Any]:
        self._called("create_hosted_configuration_version", asked)
        if asked["LatestVersionNumber"] != max(self.versions, default=0):
            raise refusal("ConflictException", "not the latest version")
        self._validate(asked["Content"])
        number = max(self.versions, default=0) + 1
        self.versions[number] = asked["Content"]
        return {"VersionNumber": number}

    def delete_hosted_configuration_version(self, VersionNumber: int, **asked: Any) -> None:  # noqa: N803
        self._called("delete_hosted_configuration_version", asked)
        if VersionNumber not in self.versions:
            raise refusal("ResourceNotFoundException", f"version {VersionNumber}")
        if any(item.version == VersionNumber and item.state_at(self.now) == "DEPLOYING" for item in self.deployments):
            raise refusal("ConflictException", f"version {VersionNumber} is being deployed")
        del self.versions[VersionNumber]

    def start_deployment(self, **asked: Any) -> dict[str, Any]:
        self._called("start_deployment", asked)
        if any(item.state_at(self.now) == "DEPLOYING" for item in self.deployments):
            raise refusal("ConflictException", "a deployment is under way")
        if asked["LatestDeploymentNumber"] != len(self.deployments):
            raise refusal("ConflictException", "not the latest deployment")
        version = int(asked["ConfigurationVersion"])
        self._validate(self.versions[version])
        number = len(self.deployments) + 1
        self.deployments.append(
            Deployment(number, version, self.now, self.deployment_seconds, description=asked["Description"])
        )
        return {"DeploymentNumber": number}

    def stop_deployment(self, DeploymentNumber: int, **asked: Any) -> dict[str, Any]:  # noqa: N803
        self._called("stop_deployment", asked)
        found = self.deployments[DeploymentNumber - 1]
        state = found.state_at(self.now)
        if state == "COMPLETE" and asked["AllowRevert"]:
            found.state = "REVERTED"
        elif state != "DEPLOYING":
            raise refusal("BadRequestException", f"deployment {DeploymentNumber} is {state}")
        else:
            found.state = "ROLLED_BACK"
        return {}

    def _serving(self) -> Deployment:
        ours = (item for item in reversed(self.deployments) if item.profile == PLACE.profile)
        return next(item for item in ours if item.state_at(self.now) == "COMPLETE")

    def _validate(self, content: bytes) -> None:
        try:
            _validator().validate(json.loads(content))
        except (ValueError, jsonschema_rs.ValidationError) as error:
            raise refusal("BadRequestException", f"the validator says: {error}") from error

    def _issue(self, session: Session) -> str:
        token = f"token-{len(self.calls)}"
        self.tokens[token] = session
        return token

    def _called(self, operation: str, asked: dict[str, Any] | None = None) -> None:
        """As AWS does it: what names another place, or none, is refused before anything else."""
        self.calls.append(operation)
        for name, known in REQUIRED.get(operation, {}).items():
            if (asked or {}).get(name) != known:
                raise refusal("ValidationException", f"{operation}: {name} is not {known}")
        if self.down:
            raise EndpointConnectionError(endpoint_url="https://appconfig.example")
        if self.throttled[operation] > 0:
            self.throttled[operation] -= 1
            raise throttling()


@cache
def _validator() -> jsonschema_rs.Draft4Validator:
    """What AppConfig checks a document by, made once: making it takes longer than deploying a document."""
    return jsonschema_rs.Draft4Validator(document_schema())


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def throttling() -> ClientError:
    """Too many calls, as AWS says it: with 429."""
    said = {"Error": {"Code": "ThrottlingException", "Message": "rate exceeded"}}
    return ClientError({**said, "ResponseMetadata": {"HTTPStatusCode": 429}}, "Operation")  # type: ignore[typeddict-item]


def all_off() -> FakeAppConfig:
    """AppConfig as the template leaves it."""
    return FakeAppConfig().deployed(first_document())
