"""Putting a changed document in the place of the one before: deploy it, remember it, wait until it is in effect."""

from dataclasses import dataclass, replace

from chalicelib.domain.errors import RevisionError, RolloutError, UnavailableError
from chalicelib.domain.flag_changes import ChangeState, FlagChange, FlagHistory
from chalicelib.domain.ports import Clock
from chalicelib.flags.checks import check_form, check_names
from chalicelib.flags.deployment import FlagDeployment, Waiting
from chalicelib.flags.document import FlagDocument, version_of
from chalicelib.flags.home import Deployed
from chalicelib.flags.orders import Change, Doing, description
from chalicelib.flags.store import FlagStore

NOT_SEEN = "deployed, not yet seen in effect"


@dataclass(frozen=True, slots=True)
class FlagPublishing:
    """Deploys changes. ``store`` polls AppConfig as a function does; a change is waited for ``effect_seconds``."""

    deployment: FlagDeployment
    store: FlagStore
    history: FlagHistory
    waiting: Waiting
    clock: Clock
    effect_seconds: float

    def publish(self, base: Deployed, before: FlagDocument, after: FlagDocument, doing: Doing) -> Change:
        """Deploy ``after`` in the place of ``before``, which is the document of ``base``.

        Raises:
            RevisionError, RolloutError, UnavailableError: as ``FlagDeployment``; where the change must be recorded,
                also when the database cannot be told of it first.
        """
        check_names(before, after)
        content = check_form(after)
        self.store.loaded()  # begins a poll interval: the wait that follows is the longest that a function has
        change = doing.change(before, after, version_of(content), self.clock())
        if doing.must_record:
            self.history.save(change)
        change = self._deployed(change, content, base)
        if (effect := self._in_effect(change)) is not None:
            change = replace(change, in_effect_ms=effect, problem=None)
        return Change(change, self._told(change))

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
        """Milliseconds until a poll shows the document; None: not within the time that it is waited for."""

        def shown() -> bool:
            loaded = self.store.loaded()
            return loaded is not None and loaded.document.version == change.to_version

        return self.clock() - change.at if self.waiting.until(shown, self.effect_seconds) else None

    def _told(self, change: FlagChange) -> bool:
        """The way back must not fail because the database cannot be told of it."""
        try:
            self.history.save(change)
        except UnavailableError:
            return False
        return True
