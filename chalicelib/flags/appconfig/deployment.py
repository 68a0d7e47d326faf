"""Deploying a flag document at once.

Two locks keep two operators from overwriting each other: a version is made on top of the latest one only, and deployed
on top of the latest deployment only.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import RevisionError, RolloutError, UnavailableError
from chalicelib.flags.appconfig.clients import answering, code_of
from chalicelib.flags.appconfig.control_plane import SERVING, UNDER_WAY, AppConfigControlPlane, Deployed

SETTLING_SECONDS, PAUSE_SECONDS, LOOK_SECONDS = 15.0, 0.25, 1.0
LOOK_AGAIN = "look at it again: flags list"
MOVED_ON = f"somebody else has changed the flag document meanwhile; {LOOK_AGAIN}"


class UncertainError(UnavailableError):
    """Raised when nobody can say whether a deployment has begun."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How time passes: the wall clock and a pause, both in seconds, and when nothing is waited for any more."""

    clock: Callable[[], float]
    pause: Callable[[float], None]
    deadline: float = inf

    def within(self, seconds: float) -> "Waiting":
        """Limit all waits together to these seconds from now."""
        return replace(self, deadline=self.clock() + seconds)

    def until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Ask until it is done; False when it is not after that time."""
        deadline = min(self.clock() + seconds, self.deadline)
        while not done():
            if self.clock() > deadline:
                return False
            self.pause(PAUSE_SECONDS)
        return True

    def passed(self, seconds: float, still: Callable[[], bool]) -> bool:
        """Let that time pass; False at once where there is less, or when ``still`` does not hold any more."""
        end = self.clock() + seconds
        if end > self.deadline:
            return False
        while (left := end - self.clock()) > 0:
            self.pause(min(left, LOOK_SECONDS))
            if not still():
                return False
        return True


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of ours, by AppConfig's numbers."""

    config_version: int
    number: int


class FlagDeployment:
    """Deploys documents. What comes before a deployment has begun raises UnavailableError without AppConfig."""

    def __init__(self, home: AppConfigControlPlane, waiting: Waiting) -> None:
        self._home = home
        self._waiting = waiting

    def waiting_as(self, waiting: Waiting) -> "FlagDeployment":
        """A copy that waits for another time."""
        return FlagDeployment(self._home, waiting)

    def settled(self, *, stop: bool) -> Deployed:
        """The deployed document once nothing is under way; ``stop`` ends what is, and so brings back the one before.

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
        """Begin to deploy a document in place of ``base``.

        Raises:
            RevisionError: somebody else was faster.
            RolloutError: AppConfig's validator refuses the document.
            UncertainError: it may have begun all the same.
        """
        with answering():
            version = self._create(content, base)
            return Deployment(version, self._start(version, base, description))

    def complete(self, made: Deployment) -> None:
        """Return when a deployment is complete, or cannot be asked for, or takes its time: it goes on by itself.

        Raises:
            RolloutError: it was rolled back.
        """
        states: list[str] = []

        def ended() -> bool:
            states.append(self._home.deployment(made.number)["State"])
            return states[-1] in SERVING or states[-1] not in UNDER_WAY

        with suppress(UnavailableError), answering():
            self._waiting.until(ended, SETTLING_SECONDS)
        if states and states[-1] not in (*SERVING, *UNDER_WAY):
            raise RolloutError(f"deployment {made.number} is {states[-1]}; AppConfig's event log says why")

    def now(self) -> Deployed:
        """What is deployed now. Raises RolloutError, UnavailableError."""
        return self._home.deployed()

    def description(self, found: Deployed) -> str:
        """What AppConfig shows beside the latest deployment. Raises UnavailableError."""
        with answering():
            return self._home.deployment(found.latest_deployment).get("Description", "")

    def _create(self, content: bytes, base: Deployed) -> int:
        """A conflict may be with ourselves: the client asks again where the first answer got lost."""
        try:
            return self._home.create(content, base.latest_version)
        except ClientError as error:
            if _is_conflict(error) and self._home.holds(base.latest_version + 1, content):
                return base.latest_version + 1
            raise _said(error) from error

    def _start(self, version: int, base: Deployed, description: str) -> int:
        """Try a conflict again unless it is about a newer deployment."""
        started: list[int] = []

        def start() -> bool:
            try:
                started.append(self._home.start(version, base.latest_deployment, description))
            except (BotoCoreError, ClientError) as error:
                started.extend(self._begun(version, base, error))
            return bool(started)

        if not self._waiting.until(start, SETTLING_SECONDS):
            raise RolloutError("AppConfig says that another deployment is under way; try again")
        return started[0]

    def _begun(self, version: int, base: Deployed, error: BotoCoreError | ClientError) -> list[int]:
        """The deployment that has begun although its answer got lost; none where it is worth another try."""
        try:
            latest = self._home.latest_deployment()
            if latest != base.latest_deployment and self._home.deploys(latest, version):
                return [latest]
        except (BotoCoreError, ClientError) as unknown:
            raise UncertainError(f"flags list says later whether the change is deployed: {error}") from unknown
        if _is_conflict(error) and latest == base.latest_deployment:
            return []
        if latest < base.latest_deployment:
            raise RevisionError(
                f"AppConfig has lost deployments meanwhile: its latest one was {base.latest_deployment} and is "
                f"{latest} now; nothing was changed; bring the recorded document back: flags restore"
            ) from error
        raise _said(error) from error


def _is_conflict(error: Exception) -> bool:
    return isinstance(error, ClientError) and code_of(error) == "ConflictException"


def _said(error: BotoCoreError | ClientError) -> Exception:
    """What AppConfig says to a change, in the application's words; the rest unchanged."""
    if _is_conflict(error):
        return RevisionError(MOVED_ON)
    if isinstance(error, ClientError) and code_of(error) == "BadRequestException":
        return RolloutError(f"AppConfig refuses the flag document: {error}")
    return error
