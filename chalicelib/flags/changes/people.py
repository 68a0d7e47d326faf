"""A person's entries in the flags, taken out when the account ends: from what is deployed, and from old versions."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from typing_extensions import override

from chalicelib.domain.errors import RevisionError, RolloutError, UnavailableError
from chalicelib.domain.people.account import KeepsPeople, Left
from chalicelib.flags.appconfig.clients import answering
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane, Deployed
from chalicelib.flags.changes.publishing import FlagPublishing
from chalicelib.flags.changes.request import Action, ChangeRequest
from chalicelib.flags.document.flag_document import FlagDocument, MalformedDocumentError, read
from chalicelib.flags.document.people import entries_of, is_named_in, without_person

ERASURE = ChangeRequest("account erasure", "an account was erased")
ATTEMPTS = 5
DEPLOYING_SECONDS = 10.0  # of a run at most: whether everybody decides by it already, the erasure need not know


class FlagLists(KeepsPeople):
    """The lists of the deployed flag document."""

    def __init__(self, publishing: FlagPublishing) -> None:
        self._publishing = publishing

    @property
    @override
    def name(self) -> str:
        return "lists of the flags"

    @override
    def forget(self, user_id: str, left: Left) -> int:
        """Deploy the document without the person; returns how many entries that were. Nothing named, nothing deployed.

        It asks for no verify: nobody who uses the application gets another backend by it. An id that was blocked falls
        back to the percentage, like every other one.

        Raises:
            UnavailableError: AppConfig or the record did not answer, a deployment is under way, somebody else was
                faster time and again, or the document cannot be read or deployed.
        """
        for _ in range(ATTEMPTS):
            with suppress(RevisionError):  # on top of what somebody else has deployed meanwhile
                return self._published(user_id, left)
        raise UnavailableError("somebody else changes the flags at the same time; the next run tries again")

    def _published(self, user_id: str, left: Left) -> int:
        try:
            base = _settled(self._publishing.deployment.now)
            entries = entries_of(base.content, user_id) if base else 0
            if base and entries:
                self._publish(base, user_id, entries, min(DEPLOYING_SECONDS, left()))
        except MalformedDocumentError as error:
            raise UnavailableError(f"{error}; flags kill writes it again, then the next run tries again") from error
        except RolloutError as error:
            raise UnavailableError(f"the flags cannot be deployed without the person: {error}") from error
        return entries

    def _publish(self, base: Deployed, user_id: str, entries: int, seconds: float) -> None:
        """The record of the change does not name the person either: both its sides are without."""
        deployed, now = read(base.content), self._publishing.clock() // 1000 * 1000
        before = without_person(deployed, user_id)
        after = _dated(before, deployed, now).completed(now)
        doing = Action("erase", ERASURE, {"entries": entries}, must_record=True)
        self._publishing.within(seconds).publish(base, before, after, doing)


class FlagVersions(KeepsPeople):
    """The versions of the document that AppConfig keeps. What is deployed stays, and so does every other one that does
    not name the person.

    A deployment that was made before can be reverted in AppConfig's console only to a version that is kept: going back
    is ``flags rollback``, which needs none, and ``flags restore`` has its own record.
    """

    def __init__(self, home: AppConfigControlPlane) -> None:
        self._home = home
        self._clean: set[tuple[str, int]] = set()  # seen in runs that did not come to the end: versions never change

    @property
    @override
    def name(self) -> str:
        return "old versions of the flags"

    @override
    def forget(self, user_id: str, left: Left) -> int:
        """Delete the versions that name the person; returns how many those were.

        Raises:
            UnavailableError: AppConfig did not answer, refuses to delete one, or deploys just now; the deployed
                document names the person; or there are more versions than a run can look at.
        """
        base = _settled(self._home.deployed)
        if base is None:
            return 0
        if entries_of(base.content, user_id):
            raise UnavailableError("the deployed flags name the person again; the next run takes them out first")
        with answering():
            deleted = sum(self._deleted(version, user_id, base) for version in self._unseen(user_id, base, left))
        self._clean = {seen for seen in self._clean if seen[0] != user_id}
        return deleted

    def _unseen(self, user_id: str, base: Deployed, left: Left) -> Iterator[int]:
        """The versions that nobody has looked at for this person yet, as long as there is time."""
        for version in self._home.versions():
            if version == base.config_version or (user_id, version) in self._clean:
                continue
            if not left():
                raise UnavailableError(
                    "the versions of the flag document were not looked through in time; the next run goes on; "
                    "AppConfig keeps many: delete old ones"
                )
            yield version

    def _deleted(self, version: int, user_id: str, base: Deployed) -> bool:
        """AppConfig counts on from the latest version: before that one goes, another one comes."""
        if not is_named_in(self._home.content(version), user_id):
            self._clean.add((user_id, version))
            return False
        if version == base.latest_version:
            self._home.create(base.content, version)
        self._home.delete(version)
        return True


def _settled(deployed: Callable[[], Deployed]) -> Deployed | None:
    """What is deployed; None where nothing ever was. Raises UnavailableError while a deployment is under way."""
    try:
        base = deployed()
    except RolloutError:
        return None
    if base.under_way is not None:
        raise UnavailableError(f"deployment {base.under_way} is under way, it may name the person; the next run looks")
    return base


def _dated(document: FlagDocument, before: FlagDocument, now: int) -> FlagDocument:
    """With the moment of change at those flags that the document has otherwise than the one before."""
    changed = (flag for name, flag in document.flags.items() if flag != before.flags[name])
    return document.with_flags(*(replace(flag, updated_at=now) for flag in changed))
