"""AppConfig's control plane: what is deployed, under which of AppConfig's numbers, and the steps of a deployment.

Deploying another document lives in ``deployment``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.domain.errors import RolloutError
from chalicelib.flags.appconfig.clients import AppConfigIds, answering, code_of

if TYPE_CHECKING:
    from types_boto3_appconfig.client import AppConfigClient
    from types_boto3_appconfig.type_defs import DeploymentTypeDef

SERVING = ("COMPLETE", "BAKING")
UNDER_WAY = ("DEPLOYING", "VALIDATING", "BAKING", "ROLLING_BACK")
DESCRIPTION_LENGTH = 1024


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployed document. The numbers are AppConfig's; ``under_way``: a deployment that has not come to its end.

    It may be another profile's: an environment has one deployment at a time.
    """

    content: bytes
    config_version: int
    latest_version: int
    latest_deployment: int
    under_way: int | None


class AppConfigControlPlane:
    """Reads what is deployed, and takes the single steps of a deployment."""

    def __init__(self, client: "Callable[[], AppConfigClient]", place: AppConfigIds) -> None:
        self._client = client
        self._place = place

    def deployed(self) -> Deployed:
        """What everybody gets, or will get.

        Raises:
            RolloutError: nothing was ever deployed here.
            UnavailableError: AppConfig did not answer.
        """
        with answering():
            latest = self.latest_deployment()
            under_way = None
            for number in range(latest, 0, -1):
                found = self.deployment(number)
                if found["State"] in UNDER_WAY and under_way is None:
                    under_way = number
                if found["State"] in SERVING and found["ConfigurationProfileId"] == self._place.profile:
                    version = int(found["ConfigurationVersion"])
                    return Deployed(self.content(version), version, max(self.versions(), default=0), latest, under_way)
        raise RolloutError("no flag document was ever deployed here: infra/appconfig.yaml brings the first")

    def latest_deployment(self) -> int:
        """The number of the environment's latest deployment, of any profile; 0 before the first.

        AppConfig lists the newest first, so one page is enough.
        """
        page = self._client().list_deployments(
            ApplicationId=self._place.application, EnvironmentId=self._place.environment
        )
        return max((item["DeploymentNumber"] for item in page["Items"]), default=0)

    def deployment(self, number: int) -> "DeploymentTypeDef":
        """Read one deployment by its number."""
        place = self._place
        return self._client().get_deployment(
            ApplicationId=place.application, EnvironmentId=place.environment, DeploymentNumber=number
        )

    def deploys(self, number: int, config_version: int) -> bool:
        """Whether a deployment is one of that version of the document."""
        found = self.deployment(number)
        ours = found["ConfigurationProfileId"] == self._place.profile
        return ours and found["ConfigurationVersion"] == str(config_version)

    def holds(self, config_version: int, content: bytes) -> bool:
        """Whether a version of the document has this content."""
        try:
            return self.content(config_version) == content
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return False
            raise

    def create(self, content: bytes, latest_version: int) -> int:
        """Make a version of the document; a conflict where ``latest_version`` is not the latest one any more."""
        made = self._client().create_hosted_configuration_version(
            ApplicationId=self._place.application,
            ConfigurationProfileId=self._place.profile,
            Content=content,
            ContentType="application/json",
            LatestVersionNumber=latest_version,
        )
        return made["VersionNumber"]

    def start(self, config_version: int, latest_deployment: int, description: str) -> int:
        """Deploy a version at once; a conflict where another deployment is under way or newer."""
        started = self._client().start_deployment(
            ApplicationId=self._place.application,
            EnvironmentId=self._place.environment,
            ConfigurationProfileId=self._place.profile,
            ConfigurationVersion=str(config_version),
            DeploymentStrategyId=self._place.strategy,
            Description=description[:DESCRIPTION_LENGTH],
            LatestDeploymentNumber=latest_deployment,
        )
        return started["DeploymentNumber"]

    def stop(self, number: int) -> None:
        """End a deployment that is under way; one that has ended by itself meanwhile is left alone."""
        baking = self.deployment(number)["State"] == "BAKING"
        try:
            self._client().stop_deployment(
                ApplicationId=self._place.application,
                EnvironmentId=self._place.environment,
                DeploymentNumber=number,
                AllowRevert=baking,  # a baking one cannot be ended in another way
            )
        except ClientError as error:
            if code_of(error) != "BadRequestException":
                raise

    def content(self, config_version: int) -> bytes:
        """A version of the document."""
        found = self._client().get_hosted_configuration_version(
            ApplicationId=self._place.application,
            ConfigurationProfileId=self._place.profile,
            VersionNumber=config_version,
        )
        return found["Content"].read()

    def versions(self) -> list[int]:
        """The numbers of all versions that AppConfig keeps."""
        pages = self._client().get_paginator("list_hosted_configuration_versions")
        listed = pages.paginate(ApplicationId=self._place.application, ConfigurationProfileId=self._place.profile)
        return [item["VersionNumber"] for page in listed for item in page["Items"]]

    def delete(self, config_version: int) -> None:
        """Delete a version that nobody needs any more."""
        self._client().delete_hosted_configuration_version(
            ApplicationId=self._place.application,
            ConfigurationProfileId=self._place.profile,
            VersionNumber=config_version,
        )
