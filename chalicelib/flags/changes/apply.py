"""Changing flags: setting one, rolling one back, sending everybody back to the old backend.

Every change has a reason and is remembered with what was known about the data. The way back asks for nothing but
AppConfig.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from chalicelib.domain.errors import RevisionError, RolloutError, UnavailableError, UnchangedError
from chalicelib.domain.migration.records.flag_history import FlagChange, KnownUsers
from chalicelib.domain.migration.sync.reconciliation import SyncControl
from chalicelib.flags.appconfig.control_plane import Deployed
from chalicelib.flags.changes.checks import opens, rises, widens
from chalicelib.flags.changes.gated import Allowed, ManualRises
from chalicelib.flags.changes.patch import FlagPatch, patched, rolled_back
from chalicelib.flags.changes.planning import plan_between
from chalicelib.flags.changes.publishing import FlagPublishing
from chalicelib.flags.changes.readiness import Readiness, overruled
from chalicelib.flags.changes.request import Action, ChangeRequest, ChangeResult
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument, MalformedDocumentError, read
from chalicelib.flags.document.names import GLOBAL

ROLLBACK_ATTEMPTS = 5
NOTHING = FlagDocument({})
Rewrite = Callable[[FlagDocument, int], FlagDocument]
Ask = Callable[[FlagDocument, Flag, Flag], Allowed]  # may a flag become another?
NO_EVIDENCE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class FlagChanges:
    """What the commands ``flags set``, ``rollback`` and ``kill`` do."""

    publishing: FlagPublishing
    users: KnownUsers
    control: SyncControl
    rises: ManualRises

    def announcing(self, deploying: Callable[[], None]) -> "FlagChanges":
        """A copy that calls a function once everything is checked and a deployment begins."""
        return replace(self, publishing=replace(self.publishing, deploying=deploying))

    def within(self, seconds: float) -> "FlagChanges":
        """Limit a change to these seconds from now."""
        return replace(self, publishing=self.publishing.within(seconds))

    def set(self, name: str, patch: FlagPatch, request: ChangeRequest) -> ChangeResult:
        """Change one flag at a person's word. A higher percentage is asked of the gate.

        Raises:
            RolloutError: the change is not allowed, or not yet; says what to do first.
            UnchangedError: the flag is so already.
            RevisionError: somebody else has changed the document since ``request.expected``, or meanwhile.
            UnavailableError: AppConfig or the database did not answer; nothing was changed unless it says so.
        """

        def asked(before: FlagDocument, flag: Flag, wanted: Flag) -> Allowed:
            if widens(flag, wanted):
                return self.rises.check(wanted, request)
            opened = opens(before.flags.values(), flag, wanted)
            allowed = [self.rises.check(each, request) for each in opened]
            evidence = {"opened": [each.evidence for each in allowed]} if allowed else {}
            return Allowed(evidence, [rollout for each in allowed for rollout in each.agreed])

        return self._set(name, patch, request, "set", asked)

    def advance(
        self, name: str, percent: Decimal, request: ChangeRequest, evidence: Mapping[str, Any], *, exact: bool
    ) -> ChangeResult:
        """Switch a flag on at the next percentage of its rollout, which has asked the gate. Raises as ``set``."""
        patch = FlagPatch(enabled=True, percent=percent, exact=exact)
        return self._set(name, patch, request, "rollout", lambda *_: Allowed(evidence))

    def _set(self, name: str, patch: FlagPatch, request: ChangeRequest, action: str, asked: Ask) -> ChangeResult:
        base = self.publishing.deployment.settled(stop=False)
        before, now = _readable(base), self._now()
        if request.expected is not None and request.expected != before.version:
            raise RevisionError(self.publishing.overtaking.message(request.expected, [name]))
        flag = before.flag(name, now)
        wanted = patched(flag, patch, lambda: list(self.users.known_users()))
        if wanted == before.flags.get(name):
            raise UnchangedError(f"{name} is so already: nothing to change")
        after = before.completed(now).with_flags(replace(wanted, updated_at=now))
        evidence, allowed = self._evidence(flag, wanted), asked(before, flag, wanted)
        doing = Action(action, request, {**evidence, **allowed.evidence}, True)
        with self.rises.using(allowed.agreed):
            made = self.publishing.publish(base, before, after, doing)
        return self._looked_at(made)

    def rollback(
        self, name: str, percent: Decimal | None, request: ChangeRequest, evidence: Mapping[str, Any] = NO_EVIDENCE
    ) -> ChangeResult:
        """Switch one flag off, or lower its percentage; a deployment under way is ended first.

        Raises:
            RolloutError: the percentage is higher.
            UnavailableError: AppConfig did not answer.
        """

        def rewrite(before: FlagDocument, now: int) -> FlagDocument:
            flag = before.flags[name]
            users = self.users.known_users
            back = (
                replace(flag, enabled=False) if percent is None else rolled_back(flag, percent, lambda: list(users()))
            )
            return before.with_flags(replace(back, updated_at=now))

        return self._back(rewrite, Action("rollback", request, evidence))

    def kill(self, request: ChangeRequest, evidence: Mapping[str, Any] = NO_EVIDENCE) -> ChangeResult:
        """Send everybody to the old backend: every flag off."""

        def rewrite(before: FlagDocument, now: int) -> FlagDocument:
            on = [flag for flag in before.flags.values() if flag.enabled]
            return before.with_flags(*(replace(flag, enabled=False, updated_at=now) for flag in on))

        return self._back(rewrite, Action("kill", request, evidence))

    def restore(self, request: ChangeRequest) -> ChangeResult:
        """Bring the recorded document back where AppConfig has lost it: byte for byte, retired flags included.

        Raises:
            UnchangedError: it is what is deployed.
            RolloutError: nothing is recorded, AppConfig is further than the record, or nobody may be sent to the new
                backend yet who would be.
            RevisionError, UnavailableError: as for ``set``.
        """
        base = self.publishing.deployment.settled(stop=False)
        recorded, after = self._recorded(base)
        before, now = _readable_or_nothing(base), self._now()
        evidence = Readiness.of(self.control)
        if any(rises(before.flag(name, now), flag) for name, flag in after.flags.items()):
            evidence.check()
        shown = evidence.as_document() | {"restored": recorded.id, "restoredVersion": recorded.to_version}
        return self._looked_at(self.publishing.publish(base, before, after, Action("restore", request, shown, True)))

    def _recorded(self, base: Deployed) -> tuple[FlagChange, FlagDocument]:
        """The change that was recorded last, and its document."""
        found = self.publishing.history.last_deployed()
        if found is None:
            raise RolloutError("no change of the flags is recorded: there is nothing to restore")
        if found.content is None:
            raise RolloutError(
                f"the record of {found.change.to_version} has no document: set the flags again, one by one"
            )
        if found.content == base.content:
            raise UnchangedError(f"the recorded document {found.change.to_version} is deployed: nothing to restore")
        if base.config_version > (found.change.config_version or 0):
            raise RolloutError(
                f"AppConfig has version {base.config_version} of the document, the record ends with "
                f"{found.change.config_version}: nothing is lost, somebody has deployed without a record; "
                "look at it: flags list"
            )
        return found.change, read(found.content)

    def _back(self, rewrite: Rewrite, doing: Action) -> ChangeResult:
        """Try the way back again on top of what somebody else has deployed in between."""
        attempts = ROLLBACK_ATTEMPTS
        while True:
            base = self.publishing.deployment.settled(stop=True)
            before, now, attempts = _readable_or_nothing(base), self._now(), attempts - 1
            try:
                return self._looked_at(
                    self.publishing.publish(base, before, rewrite(before.completed(now), now), doing)
                )
            except RevisionError:
                if not attempts:
                    raise

    def _looked_at(self, made: ChangeResult) -> ChangeResult:
        """Add what the sync mode makes of it, where the database that knows the mode has answered so far."""
        if made.recorded:
            with suppress(UnavailableError):
                return replace(made, overruled=overruled(self.control.state()))
        return made

    def _evidence(self, before: Flag, wanted: Flag) -> dict[str, Any]:
        """What is known about the data and the people; nothing rises against it."""
        evidence = Readiness.of(self.control)
        if rises(before, wanted):
            evidence.check()
        if wanted.name == GLOBAL:
            return evidence.as_document()
        plan = plan_between(before, wanted, self.users.known_users())
        people = {"known": plan.known, "entering": len(plan.entering), "leaving": len(plan.leaving)}
        return evidence.as_document() | {"users": people | {"in": plan.in_after}}

    def _now(self) -> int:
        """To the second, as the document has it."""
        return self.publishing.clock() // 1000 * 1000


def _readable(base: Deployed) -> FlagDocument:
    try:
        return read(base.content)
    except MalformedDocumentError as error:
        raise RolloutError(f"{error}; flags kill writes it again, everything off") from error


def _readable_or_nothing(base: Deployed) -> FlagDocument:
    try:
        return read(base.content)
    except MalformedDocumentError:
        return NOTHING
