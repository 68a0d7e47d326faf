"""The store that Powertools evaluates from: the flag document as AppConfig gave it last, through every outage.

Closes what Powertools' own store leaves open: an outage serves the last known good document, with a growing pause
between attempts, and one malformed flag is set apart while the others work.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from aws_lambda_powertools.utilities.feature_flags import ConfigurationStoreError, StoreProvider
from typing_extensions import override

from chalicelib.flags.appconfig.session import Seconds
from chalicelib.flags.decisions.rules import Features, features_of
from chalicelib.flags.document.flag_document import FlagDocument, MalformedDocumentError, read

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
MOST_DOUBLINGS = 6  # is longer than the longest pause; a thousand overflow


class Session(Protocol):
    """The source of documents."""

    wait_seconds: float

    def poll(self) -> bytes:
        """The document; empty where it is known already."""


class Reports(Protocol):
    """The port to which the store reports what goes wrong, so that the safe side is never a silent one."""

    def not_fetched(self, error: Exception, document: str | None) -> None:
        """AppConfig did not answer; ``document`` goes on deciding, None: everybody gets the old backend."""

    def malformed(self, problems: Mapping[str, str], document: str | None) -> None:
        """A document came with flags that cannot be read, or cannot be read at all; ``document`` decides now."""


@dataclass(frozen=True)
class Loaded:
    """A document and what Powertools evaluates of it: made once, so that Powertools validates it once."""

    document: FlagDocument

    @cached_property
    def features(self) -> Features:
        """The rules, for who decides by them; who looks at the version alone does not need them."""
        return features_of(self.document)


class FlagStore(StoreProvider):
    """What an evaluation needs: a store whose document has a name."""

    @abstractmethod
    def loaded(self) -> Loaded | None:
        """The document that counts now; None where there never was one. Never raises."""

    @override
    def get_configuration(self) -> dict[str, Any]:
        """The features, the same object for as long as the document is the same. Raises ConfigurationStoreError."""
        loaded = self.loaded()
        if loaded is None:
            raise ConfigurationStoreError("there is no flag document")
        return loaded.features

    @property
    def get_raw_configuration(self) -> dict[str, Any]:
        """Return the document itself: there is no envelope."""
        return self.get_configuration()


class FixedFlagStore(FlagStore):
    """One document that never changes: for plans and explanations."""

    def __init__(self, document: FlagDocument) -> None:
        self._loaded = Loaded(document)

    @override
    def loaded(self) -> Loaded:
        return self._loaded


class AppConfigFlagStore(FlagStore):
    """The document that AppConfig has deployed, asked for again when its poll interval is over."""

    def __init__(self, session: Session, reports: Reports, clock: Seconds) -> None:
        self._session = session
        self._reports = reports
        self._clock = clock
        self._loaded: Loaded | None = None
        self._asked = self._pause = 0.0  # nothing was asked yet
        self._failures = 0

    @override
    def loaded(self) -> Loaded | None:
        """The last known good document; AppConfig is asked first when it is time."""
        if not 0 <= self._clock() - self._asked < self._pause:  # a clock that was set back is a reason to ask, too
            self._refresh()
        return self._loaded

    @property
    def _version(self) -> str | None:
        return self._loaded.document.version if self._loaded else None

    def _refresh(self) -> None:
        self._asked, self._pause = self._clock(), LONGEST_PAUSE_SECONDS  # another thread goes on with what there is
        try:
            content = self._session.poll()
        except Exception as error:  # noqa: BLE001 after any failure a caller still needs an answer
            self._back_off(error)
            return
        self._failures = 0
        self._pause = self._session.wait_seconds
        if content:
            self._load(content)

    def _back_off(self, error: Exception) -> None:
        self._pause = min(FIRST_PAUSE_SECONDS * 2**self._failures, LONGEST_PAUSE_SECONDS)
        self._failures = min(self._failures + 1, MOST_DOUBLINGS)
        self._reports.not_fetched(error, self._version)

    def _load(self, content: bytes) -> None:
        try:
            document = read(content)
        except MalformedDocumentError as error:
            self._reports.malformed({"document": str(error)}, self._version)
            return
        self._loaded = Loaded(document)
        if document.malformed:
            self._reports.malformed(document.malformed, document.version)
