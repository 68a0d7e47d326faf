"""Putting a changed document in the place of the one before: deploy it, remember it, wait until it is in effect."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib.domain.errors import RevisionError, RolloutError, UnavailableError
from chalicelib.domain.ports import Clock
from chalicelib.domain.rollout.flag_history import ChangeState, FlagChange, FlagHistory
from chalicelib.flags.appconfig.control_plane import Deployed
from chalicelib.flags.appconfig.deployment import FlagDeployment, Waiting
from chalicelib.flags.appconfig.session import POLL_SECONDS
from chalicelib.flags.changes.checks import check_form, check_names
from chalicelib.flags.changes.request import Action, ChangeResult, description
from chalicelib.flags.decisions.store import FlagStore
from chalicelib.flags.document.flag_document import FlagDocument, version_of

EFFECT_SECONDS = 45.0  # how long a deployment may take to come out of AppConfig
NOT_SEEN = "deployed, not yet seen in effect everywhere"


@dataclass(frozen=True, slots=True)
class FlagPublishing:
    """Deploys changes. ``new_store``: one that has never polled, and so asks AppConfig at once."""

    deployment: FlagDeployment
    new_store: Callable[[], FlagStore]
    history: FlagHistory
    waiting: Waiting
    clock: Clock

    def within(self, seconds: float) -> "FlagPublishing":
        """The same, where everything that a change waits for has so many seconds together from now on."""
        waiting = self.waiting.within(seconds)
        return replace(self, deployment=self.deployment.waiting_as(waiting), waiting=waiting)

    def publish(self, base: Deployed, before: FlagDocument, after: FlagDocument, doing: Action) -> ChangeResult:
        """Deploy ``after`` in the place of ``before``, which is the document of ``base``.

        Raises:
            RevisionError, RolloutError, UnavailableError: as ``FlagDeployment``; where the change must be recorded,
                also when the database cannot be told of it first.
        """
        check_names(before, after)
        content = check_form(after)
        change = doing.change(before, after, version_of(content), self.clock())
        if doing.must_record:
            self.history.save(change)
        change = self._deployed(change, content, base)
        if (effect := self._in_effect(change)) is not None:
            change = replace(change, in_effect_ms=effect, problem=None)
        return ChangeResult(change, self._told(change))

    def _deployed(self, change: FlagChange, content: bytes, base: Deployed) -> FlagChange:
        """What is live is in the record before anything waits for it: whoever waits may be interrupted."""
        try:
            made = self.deployment.deploy(content, base, description(change))
            change = replace(change, state=ChangeState.DEPLOYED, problem=NOT_SEEN)
            change = replace(change, config_version=made.config_version, deployment=made.number)
            self._told(change)
            self.deployment.complete(made)
        except (RevisionError, RolloutError, UnavailableError) as error:
            self._told(replace(change, state=ChangeState.FAILED, problem=str(error)))
            raise
        return change

    def _in_effect(self, change: FlagChange) -> int | None:
        """Milliseconds until every function decides by the document; None: not seen in the time there is.

        Whoever polled just before AppConfig had it polls again an interval later.
        """

        def shown() -> bool:
            loaded = self.new_store().loaded()
            return loaded is not None and loaded.document.version == change.to_version

        seen = self.waiting.until(shown, EFFECT_SECONDS) and self.waiting.passed(POLL_SECONDS)
        return self.clock() - change.at if seen else None

    def _told(self, change: FlagChange) -> bool:
        """The way back must not fail because the database cannot be told of it."""
        try:
            self.history.save(change)
        except UnavailableError:
            return False
        return True
