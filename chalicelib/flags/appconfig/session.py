"""One session with AppConfig's data plane: its next token, and when to poll again. It does not parse the document."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.flags.appconfig.clients import AppConfigIds

if TYPE_CHECKING:
    from types_boto3_appconfigdata.client import AppConfigDataClient

POLL_SECONDS = 15  # the shortest that AppConfig allows: a rollback is in effect that much later at most
TOKEN_SECONDS = 23 * 3600.0  # AppConfig forgets a token after 24 hours
Seconds = Callable[[], float]  # the wall clock: a function that was frozen meanwhile has aged too


class ConfigurationSession:
    """Asks for the document as often as AppConfig allows, in a new session where the old one has ended."""

    def __init__(self, client: "Callable[[], AppConfigDataClient]", place: AppConfigIds, clock: Seconds) -> None:
        self._client = client
        self._place = place
        self._clock = clock
        self._token: str | None = None
        self._begun = 0.0
        self.wait_seconds = float(POLL_SECONDS)

    def poll(self) -> bytes:
        """The document; empty where this session has given it already.

        Raises:
            BotoCoreError, ClientError: AppConfig did not answer, or refused.
        """
        if self._token is None or not 0 <= self._clock() - self._begun < TOKEN_SECONDS:
            self._begin()
        try:
            return self._ask()
        except ClientError as error:
            if error.response["Error"]["Code"] != "BadRequestException":
                raise
            self._begin()  # the token has expired or was used already
            return self._ask()

    def _begin(self) -> None:
        place = self._place
        self._token = self._client().start_configuration_session(
            ApplicationIdentifier=place.application,
            EnvironmentIdentifier=place.environment,
            ConfigurationProfileIdentifier=place.profile,
            RequiredMinimumPollIntervalInSeconds=POLL_SECONDS,
        )["InitialConfigurationToken"]
        self._begun = self._clock()

    def _ask(self) -> bytes:
        """A token is good for one call, so it is gone with the call, whether that succeeds or not."""
        token, self._token = self._token, None
        answer = self._client().get_latest_configuration(ConfigurationToken=token or "")
        self._token = answer["NextPollConfigurationToken"]
        self.wait_seconds = float(answer["NextPollIntervalInSeconds"])
        return answer["Configuration"].read()
