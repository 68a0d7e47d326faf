"""Publishing a changed flag document: deploy it, record it, wait until it is in effect."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum, auto

from chalicelib.domain.errors import RevisionError, RolloutError, UnavailableError
from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange, FlagHistory
from chalicelib.domain.ports.outside import Clock
from chalicelib.flags.appconfig.control_plane import Deployed
from chalicelib.flags.appconfig.deployment import MOVED_ON, Deployment, FlagDeployment, UncertainError, Waiting
from chalicelib.flags.appconfig.session import POLL_SECONDS
from chalicelib.flags.changes.checks import check_form, check_names
from chalicelib.flags.changes.overtaking import Overtaking, carries
from chalicelib.flags.changes.request import Action, ChangeResult, description
from chalicelib.flags.decisions.store import FlagStore
from chalicelib.flags.document.flag_document import FlagDocument, MalformedDocumentError, read, version_of
from chalicelib.monitoring.logger import logger

EFFECT_SECONDS = 45.0  # how long a deployment may take to come out of AppConfig
NOT_SEEN = "deployed, not yet seen in effect everywhere"
SILENT = "deployed, but AppConfig does not answer: whether it is in effect, flags list says when AppConfig is back"
LOST = "AppConfig has lost it: its latest deployment is {latest}, this one was {ours}; bring it back: flags restore"


class Sight(Enum):
    """What a poll of AppConfig shows while a change is waited for."""

    NOTHING = auto()
    BEFORE = auto()
    OURS = auto()
    ANOTHER = auto()


@dataclass(frozen=True, slots=True)
class FlagPublishing:
    """Deploys changes. ``new_store``: one that has never polled, and so asks AppConfig at once.

    ``deploying`` is called when a deployment is about to begin: everything has been checked by then.
    """

    deployment: FlagDeployment
    new_store: Callable[[], FlagStore]
    history: FlagHistory
    waiting: Waiting
    clock: Clock
    deploying: Callable[[], None] = lambda: None

    def within(self, seconds: float) -> "FlagPublishing":
        """Limit all waits of a change together to these seconds from now."""
        waiting = self.waiting.within(seconds)
        return replace(self, deployment=self.deployment.waiting_as(waiting), waiting=waiting)

    @property
    def overtaking(self) -> Overtaking:
        """Who came in between."""
        return Overtaking(self.history, self.deployment)

    def publish(self, base: Deployed, before: FlagDocument, after: FlagDocument, doing: Action) -> ChangeResult:
        """Deploy ``after`` in place of ``before``, which is the document of ``base``.

        Raises:
            RevisionError, RolloutError, UnavailableError: as ``FlagDeployment``; where the change must be recorded,
                also when the database does not take it first.
        """
        check_names(before, after)
        content = check_form(after)
        change = doing.change(before, after, version_of(content), self.clock())
        if doing.must_record:
            self.history.save(change, content)
        self.deploying()
        shown = description(change, is_recorded=doing.must_record)
        change = self._watched(self._deployed(change, content, base, shown), version_of(base.content))
        return ChangeResult(change, self._recorded(change, content))

    def problem(self, change: FlagChange) -> str | None:
        """Why a deployed change may not be in effect, as AppConfig is now; None: it is what AppConfig deploys."""
        try:
            now = self.deployment.now()
        except (UnavailableError, RolloutError):
            return SILENT
        ours = change.deployment or 0
        if now.latest_deployment < ours:
            return LOST.format(latest=now.latest_deployment, ours=ours)
        if now.latest_deployment == ours or _carried(now, change):
            return None
        return f"deployed, then overtaken: {self.overtaking.message(change.to_version, change.after, change.id)}"

    def _deployed(self, change: FlagChange, content: bytes, base: Deployed, shown: str) -> FlagChange:
        """Record what is live before waiting for it: the wait may be interrupted."""
        try:
            made = self._begun(change, content, base, shown)
            change = replace(change, state=ChangeState.DEPLOYED, problem=NOT_SEEN)
            change = replace(change, config_version=made.config_version, deployment=made.number)
            self._recorded(change, content)
            self.deployment.complete(made)
        except UncertainError as error:  # as far as anybody knows, it is under way
            self._recorded(replace(change, problem=str(error)), content)
            raise
        except (RevisionError, RolloutError, UnavailableError) as error:
            self._recorded(replace(change, state=ChangeState.FAILED, problem=str(error)), content)
            raise
        return change

    def _begun(self, change: FlagChange, content: bytes, base: Deployed, shown: str) -> Deployment:
        try:
            return self.deployment.deploy(content, base, shown)
        except RevisionError as error:
            if str(error) != MOVED_ON:
                raise
            message = self.overtaking.message(version_of(base.content), change.after, change.id)
            raise RevisionError(message) from error

    def _watched(self, change: FlagChange, before: str) -> FlagChange:
        """Wait until every function decides by the document, or until somebody has overtaken it.

        A function that polled just before AppConfig had it polls again an interval later.
        """
        sights: list[Sight] = []

        def look() -> Sight:
            sights.append(self._sight(change, before))
            return sights[-1]

        def decided() -> bool:
            return look() is Sight.OURS or (sights[-1] is Sight.ANOTHER and self.problem(change) is not None)

        self.waiting.until(decided, EFFECT_SECONDS)
        shown = sights[-1] is Sight.OURS and self.waiting.passed(
            POLL_SECONDS, lambda: look() in (Sight.OURS, Sight.NOTHING)
        )
        if shown and sights[-1] is Sight.OURS:
            return replace(change, in_effect_ms=self.clock() - change.at, problem=None)
        return replace(change, problem=self.problem(change) or NOT_SEEN)

    def _sight(self, change: FlagChange, before: str) -> Sight:
        loaded = self.new_store().loaded()
        if loaded is None:
            return Sight.NOTHING
        version = loaded.document.version
        if version == change.to_version or (change.after and carries(loaded.document, change)):
            return Sight.OURS
        return Sight.BEFORE if version == before else Sight.ANOTHER

    def _recorded(self, change: FlagChange, content: bytes) -> bool:
        """Save the change; the way back must not fail because the database does not answer, is full, or refuses us."""
        try:
            self.history.save(change, content)
        except UnavailableError:
            return False
        except Exception as error:  # noqa: BLE001 the deployment has begun, or has failed: that is what to go on with
            logger().error("a change of the flags cannot be recorded", exc_info=error)
            return False
        return True


def _carried(now: Deployed, change: FlagChange) -> bool:
    """Whether the deployed document contains the change, on top of which somebody has made another."""
    with suppress(MalformedDocumentError):
        return carries(read(now.content), change)
    return False
