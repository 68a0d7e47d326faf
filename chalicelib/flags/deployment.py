"""Deploying a flag document at once.

Two locks keep two operators from overwriting each other: a version is made on top of the latest one only, and deployed
on top of the latest deployment only.
"""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from chalicelib.domain.errors import RevisionError, RolloutError
from chalicelib.flags.answers import answering, code_of
from chalicelib.flags.home import SERVING, UNDER_WAY, Deployed, FlagHome

SETTLING_SECONDS, PAUSE_SECONDS = 15.0, 0.25
MOVED_ON = "somebody else has changed the flag document meanwhile; look at it again: flags list"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How time passes: the wall clock and a pause, both in seconds."""

    clock: Callable[[], float]
    pause: Callable[[float], None]

    def until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Ask until it is done; False when it is not after that time."""
        deadline = self.clock() + seconds
        while not done():
            if self.clock() > deadline:
                return False
            self.pause(PAUSE_SECONDS)
        return True


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of ours, by AppConfig's numbers."""

    config_version: int
    number: int


class FlagDeployment:
    """Deploys documents. Every method raises UnavailableError when AppConfig does not answer."""

    def __init__(self, home: FlagHome, waiting: Waiting) -> None:
        self._home = home
        self._waiting = waiting

    def settled(self, *, stop: bool) -> Deployed:
        """What is deployed when nothing is under way any more; ``stop`` ends what is, and so brings back what was.

        Raises:
            RolloutError: something is still under way after some seconds.
        """
        found = [self._home.deployed()]

        def settled() -> bool:
            if stop and found[-1].under_way is not None:
                with answering():
                    self._home.stop(found[-1].under_way)
            found.append(self._home.deployed())
            return found[-1].under_way is None

        if found[0].under_way is not None and not self._waiting.until(settled, SETTLING_SECONDS):
            raise RolloutError(f"deployment {found[-1].under_way} is still under way; wait for it, or stop it")
        return found[-1]

    def deploy(self, content: bytes, base: Deployed, description: str) -> Deployment:
        """Deploy a document in the place of ``base``, and return when it is complete.

        Raises:
            RevisionError: somebody else was faster.
            RolloutError: AppConfig's validator refuses the document, or it was rolled back.
        """
        with answering():
            version = self._create(content, base)
            number = self._start(version, base, description)
            self._await(number)
        return Deployment(version, number)

    def _create(self, content: bytes, base: Deployed) -> int:
        try:
            return self._home.create(content, base.latest_version)
        except ClientError as error:
            raise _said(error) from error

    def _start(self, version: int, base: Deployed, description: str) -> int:
        """Try a conflict again unless it is about somebody else's newer deployment."""
        started: list[int] = []

        def start() -> bool:
            try:
                started.append(self._home.start(version, base.latest_deployment, description))
            except ClientError as error:
                if code_of(error) != "ConflictException" or self._home.latest_deployment() != base.latest_deployment:
                    raise _said(error) from error
            return bool(started)

        if not self._waiting.until(start, SETTLING_SECONDS):
            raise RolloutError("AppConfig says that another deployment is under way; try again")
        return started[0]

    def _await(self, number: int) -> None:
        states: list[str] = []

        def ended() -> bool:
            states.append(self._home.deployment(number)["State"])
            return states[-1] in SERVING or states[-1] not in UNDER_WAY

        if not self._waiting.until(ended, SETTLING_SECONDS) or states[-1] not in SERVING:
            raise RolloutError(f"deployment {number} is {states[-1]}; AppConfig's event log says why")


def _said(error: ClientError) -> Exception:
    """What AppConfig says to a change, in the application's words; the rest as it is."""
    if code_of(error) == "ConflictException":
        return RevisionError(MOVED_ON)
    if code_of(error) == "BadRequestException":
        return RolloutError(f"AppConfig refuses the flag document: {error}")
    return error
