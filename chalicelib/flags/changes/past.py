"""Explaining which backend a person got at an instant in the past: by recorded documents and modes, and in fact.

The record of the flags says when a change began and how long it took to be in effect everywhere; between the two, some
functions decide by the document before. Where a record does not reach, that is said instead of guessed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import dropwhile, pairwise
from zoneinfo import ZoneInfo

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import InvalidInputError, RolloutError, UnavailableError
from chalicelib.domain.migration.records.decision import Decision
from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange, FlagHistory, RecordedDocument
from chalicelib.domain.migration.records.usage import KEPT_DAYS, Answered, UsageLog
from chalicelib.domain.migration.sync.mode_changes import MODE_MS, decided_by
from chalicelib.domain.migration.sync.past_modes import PastMode, mode_then
from chalicelib.domain.migration.sync.reconciliation import SyncControl
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.readings import DAY_MS, moment, parse_instant
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from chalicelib.flags.appconfig.session import POLL_SECONDS
from chalicelib.flags.changes.planning import rule_of
from chalicelib.flags.changes.publishing import EFFECT_SECONDS, NOT_SEEN
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.store import FixedFlagStore
from chalicelib.flags.document.flag_document import MalformedDocumentError, read, version_of
from chalicelib.flags.document.names import COMPONENT_FLAGS

AROUND_MS = 30_000  # answers so long before and after the instant are shown
MOST_ANSWERS = 100
LATEST_CHANGES = 10
MOST_CHANGES = 200  # are looked at where none of the latest ones was in effect everywhere at the instant
# A change for which nobody waited to the end is in effect by then, where nothing else is known against it.
IN_EFFECT_MS = int((EFFECT_SECONDS + POLL_SECONDS) * 1000)


@dataclass(frozen=True, slots=True)
class Possible:
    """One decision that the records allow for; ``change``: which deployed its document, None: the mode decided."""

    decision: Decision
    rule: str
    change: FlagChange | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """The findings about one person, component and instant.

    ``unknown``: where the records do not reach, so that nobody can say which backend it was; ``notes``: what else there
    is to know about them. ``answers``: those around the instant, which say what really happened.
    """

    user_id: str
    component: Component
    at: int
    mode: PastMode
    possible: Sequence[Possible]
    unknown: Sequence[str]
    notes: Sequence[str]
    answers: Sequence[Answered]

    @property
    def backend(self) -> Backend | None:
        """The backend by the records; None where they do not say it, or allow for both."""
        backends = {each.decision.backend for each in self.possible}
        return next(iter(backends)) if len(backends) == 1 and not self.unknown else None


@dataclass(slots=True)
class _Found:
    """The documents that may have decided, the newest first, and what is said about the record."""

    documents: list[RecordedDocument] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FlagPast:
    """Looks into the records."""

    home: AppConfigControlPlane
    history: FlagHistory
    control: SyncControl
    usage: UsageLog
    clock: Clock

    def explain(self, user_id: str, component: Component, at: int) -> Past:
        """Who answered then, and by which document.

        Raises:
            InvalidInputError: the instant lies ahead.
            UnavailableError: the database did not answer.
        """
        if at > (now := self.clock()):
            raise InvalidInputError(f"{moment(at)} lies ahead: it is {moment(now)}")
        recorded = self.history.begun_until(at, LATEST_CHANGES)
        mode = self._mode(at, recorded)
        found = _Found() if _decides_alone(mode) else self._documents(at, recorded)
        possible = [*_by_mode(mode), *_by_documents(user_id, component, found)]
        answers = self.usage.between(user_id, component, at - AROUND_MS, at + AROUND_MS, MOST_ANSWERS)
        unknown = [*([mode.unknown] if mode.unknown else []), *found.unknown]
        notes = [*([mode.note] if mode.note else []), *found.notes, *_about(answers, possible, now - at)]
        return Past(user_id, component, at, mode, possible, unknown, notes, answers)

    def _mode(self, at: int, recorded: Sequence[RecordedDocument]) -> PastMode:
        changes, now = self.control.changes(), self.control.state()
        mode = mode_then(changes, now, at)
        mode = mode.caught_up() if _shows_caught_up(recorded, mode) else mode
        return mode.read_late(mode_then(changes, now, at - MODE_MS), at)

    def _documents(self, at: int, latest: Sequence[RecordedDocument]) -> _Found:
        """The documents by which functions may have decided then: among the latest changes, else among many."""
        after = self.history.deployed_after(at)
        found = _found(at, latest, after)
        if found.unknown and len(latest) == LATEST_CHANGES:
            found = _found(at, self.history.begun_until(at, MOST_CHANGES), after)
        if found.documents:
            self._check_gaps(found, after)
        return found

    def _check_gaps(self, found: _Found, after: FlagChange | None) -> None:
        """Whether somebody has deployed a document without a record up to the next recorded one."""
        newest = found.documents[0].change
        base = after.from_version if after else self._deployed_now()
        if base is None:
            found.notes.append("AppConfig does not say whether anything was deployed since then without a record")
        elif base != newest.to_version:
            found.unknown.append(_gap(newest, f"the recorded change of {moment(after.at)}" if after else "now", base))
        known = [each.change for each in found.documents]
        if after is None:  # where nothing shows whether the newest ones were deployed, nothing follows from them
            known = [*dropwhile(lambda change: change.state is not ChangeState.DEPLOYED, known)]
        for newer, older in pairwise(known):
            if newer.from_version != older.to_version:
                until = f"the recorded change of {moment(newer.at)}"
                found.unknown.append(_gap(older, until, newer.from_version))

    def _deployed_now(self) -> str | None:
        try:
            return version_of(self.home.deployed().content)
        except (RolloutError, UnavailableError):
            return None


def past_instant(text: str) -> int:
    """The instant that a person writes, in UTC where they name no zone. Raises InvalidInputError."""
    return parse_instant(text.strip(), ZoneInfo("UTC"))


def _found(at: int, recorded: Sequence[RecordedDocument], after: FlagChange | None) -> _Found:
    """The documents back to the one that was in effect everywhere."""
    found = _Found()
    for each in _deployed(recorded, after, found.notes):
        found.documents.append(each)
        if at >= each.change.at + _in_effect_ms(each.change):
            break
    else:
        found.unknown.append(_reach(recorded, after))
    return found


def _gap(older: FlagChange, until: str, version: str) -> str:
    return (
        f"between the change of {moment(older.at)} and {until} somebody deployed the document {version} without "
        "a record: when, nobody knows"
    )


def _shows_caught_up(recorded: Sequence[RecordedDocument], mode: PastMode) -> bool:
    """Whether a change of flags has noted, since the change to the mode, that nothing had to catch up any more."""
    since = None if mode.since is None else moment(mode.since)
    wanted = {"mode": mode.mode and mode.mode.value, "since": since, "catchingUp": None}
    return any(wanted.items() <= {"catchingUp": "", **each.change.evidence}.items() for each in recorded)


def _decides_alone(mode: PastMode) -> bool:
    """Whether the flags had no say."""
    return bool(mode.states) and all(decided_by(state) is not None for state in mode.states)


def _deployed(
    recorded: Sequence[RecordedDocument], after: FlagChange | None, notes: list[str]
) -> Iterator[RecordedDocument]:
    """The changes that came to be deployed, the newest first.

    One that did not come to its end counts where the next one began from its document, or where none shows it.
    """
    following = after and after.from_version
    for each in recorded:
        change = each.change
        if change.state is ChangeState.DEPLOYED or following == change.to_version:
            if change.in_effect_ms is None:
                notes.append(f"the change of {moment(change.at)} was {change.problem or 'not waited for to the end'}")
            following = change.from_version
            yield each
        elif following is None and (change.state is ChangeState.STARTED or change.deployment is not None):
            notes.append(f"the change of {moment(change.at)} did not come to its end: nobody knows if it was in effect")
            yield each


def _in_effect_ms(change: FlagChange) -> float:
    """How long after its beginning a change was surely in effect."""
    if change.state is not ChangeState.DEPLOYED:
        return float("inf")
    if change.in_effect_ms is not None:
        return change.in_effect_ms
    return IN_EFFECT_MS if change.problem == NOT_SEEN else float("inf")


def _reach(recorded: Sequence[RecordedDocument], after: FlagChange | None) -> str:
    """Why the document of then is not known."""
    if len(recorded) == MOST_CHANGES:
        return (
            f"none of the {MOST_CHANGES} changes before then was in effect everywhere, and older ones are not looked at"
        )
    first = recorded[-1].change if recorded else after
    if first is None:
        return "no change of the flags is recorded"
    return f"the record does not have the document {first.from_version}, from before the change of {moment(first.at)}"


def _by_mode(mode: PastMode) -> Iterator[Possible]:
    """What the mode decided without the flags."""
    for state in mode.states:
        if (decision := decided_by(state)) is not None:
            yield Possible(decision, rule_of(decision, None))


def _by_documents(user_id: str, component: Component, found: _Found) -> Iterator[Possible]:
    """What each document decided; says so where one cannot be read."""
    for each in found.documents:
        content, change = each.content, each.change
        if content is None:
            found.unknown.append(f"the content of the document {change.to_version} is not recorded")
            continue
        try:
            document = read(content)
        except MalformedDocumentError as error:
            found.unknown.append(f"the document {change.to_version} cannot be read: {error}")
            continue
        if document.version != change.to_version:
            found.notes.append(f"the record of the document {change.to_version} was changed since: an account ended")
        decision = FlagDecisions(FixedFlagStore(document)).should_use_new_backend(user_id, component)
        decision = replace(decision, document_version=change.to_version)
        yield Possible(decision, rule_of(decision, document.flags.get(COMPONENT_FLAGS[component])), change)


def _about(answers: Sequence[Answered], possible: Sequence[Possible], age_ms: int) -> Iterator[str]:
    """What the answers say about the records."""
    if not answers:
        gone = age_ms > KEPT_DAYS * DAY_MS
        yield (
            f"answers are kept for {KEPT_DAYS} days, so nobody knows what was answered then"
            if gone
            else (f"no answer is recorded within {AROUND_MS // 1000} s")
        )
    elif len(answers) == MOST_ANSWERS:
        yield f"there were more answers than these {MOST_ANSWERS}"
    allowed = {(each.decision.backend, each.decision.document_version) for each in possible}
    if possible and any((each.backend, each.document_version) not in allowed for each in answers):
        yield "some answers were decided otherwise than by these records: their reasons say how"
