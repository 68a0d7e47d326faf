"""The one tree of errors. Everything the application raises on purpose descends from EnergyMonitorError.

EnergyMonitorError
├── InvalidInputError          what the caller sent cannot be used; carries field errors
│   ├── InvalidReadingError    one reading breaks a rule of CALCULATION.md 9
│   │   └── ImplausibleReadingError    asked back: a count that hardly fits those around it
│   ├── CsvError               a CSV file cannot be read as a whole
│   ├── ImportRowsError        rows of a file are invalid, and nothing of it was written
│   │   └── ImportQuestionError    asked back: rows of a file hardly fit what is around them
│   ├── ImportFileError        an export cannot be read back as a whole
│   └── HistogramError         a range or bucket count that has no histogram
├── AuthenticationError        no token, or one that does not prove who is asking
├── ForbiddenError             the token proves who is asking, and that they may not
├── NotFoundError              no such document, or it belongs to somebody else
├── ConflictError              what is stored has moved on, or forbids the change
│   ├── AccountErasedError     the account was erased, and its fence is still closed
│   ├── DuplicateReadingError  a reading of this type at this instant is already stored
│   ├── RevisionError          the reading or flag document was changed since the caller read it
│   └── RolloutError           a flag may not be changed so, or not yet
│       └── UnchangedError     the flags are so already
├── SyncModeError              a change of the sync mode, or a job, that the mode does not allow
│   ├── SyncStoppedError       the sync job met what a person has to answer first: which side is right
│   └── MassDeletionError      a reconciliation would delete more documents than its caller allowed
├── ComparisonError            the backends cannot be compared as asked, or not in this mode
├── DamagedMeterError          the documents of a meter contradict each other; a refresh mends them
├── TooManyError               a person has sent as many of these as one may for now
├── TooLargeError              more than the database takes in one transaction
├── UnavailableError           the database, or AppConfig, did not answer in time; send it again
│   └── LostModeError          nobody knows which readings are right until an operator brings the sync mode back
├── UnreadableEventError       an event of an unknown version that names no user
└── ScopeError                 a program tried to reach beyond its user: a defect, never a caller's mistake

What lives here: classes only. ``chalicelib.api.errors`` makes HTTP answers of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, TypeAlias

Count: TypeAlias = tuple[int, Decimal]  # an instant (UTC milliseconds), and what the register showed then


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the input: where it is (``amount``, ``row 17: date``) and what is wrong with it."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The amount that was probably meant: with a digit more (``added``), or one less, than what was typed."""

    amount: Decimal
    digit: str
    added: bool


@dataclass(frozen=True, slots=True)
class Doubt:
    """A question about a count of a register (CALCULATION.md 9), for programs; the message says it to people.

    ``where`` is the field that was sent; ``exchange`` the instant of an exchange on the same day that has no time.
    """

    code: str
    where: str
    given: Count
    previous: Count | None
    following: Count | None
    usual_per_day: Decimal
    suggestion: Suggestion | None = None
    exchange: int | None = None


class EnergyMonitorError(Exception):
    """Base of all errors that the application raises on purpose."""


class InvalidInputError(EnergyMonitorError):
    """Raised when what the caller sent cannot be used; ``errors`` names every place."""

    def __init__(self, message: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors


class InvalidReadingError(InvalidInputError):
    """Raised when a single reading breaks a rule: amount negative, date missing or far ahead, unknown type."""


class ImplausibleReadingError(InvalidReadingError):
    """Raised when a count hardly fits those around it and nobody has confirmed it."""

    def __init__(self, doubt: Doubt, message: str) -> None:
        super().__init__(message, (FieldError(doubt.where, message),))
        self.doubt = doubt


class CsvError(InvalidInputError):
    """Raised when a CSV file cannot be read as a whole: encoding, header, ambiguous numbers, too many rows."""


class RowWarning(NamedTuple):
    """A question about a row of a file; ``line`` None: about the whole file."""

    line: int | None
    code: str
    reason: str


class ImportRowsError(InvalidInputError):
    """Raised when rows of a file are invalid and the file was to be imported as a whole; nothing was written."""

    def __init__(self, message: str, errors: tuple[FieldError, ...], warnings: Sequence[RowWarning] = ()) -> None:
        super().__init__(message, errors)
        self.warnings = warnings


class ImportQuestionError(ImportRowsError):
    """Raised when rows of a file hardly fit what is around them and nobody has confirmed them; nothing was written."""


class ImportFileError(InvalidInputError):
    """Raised when an export cannot be read back as a whole: no JSON, another version, meters that break a rule."""


class HistogramError(InvalidInputError):
    """Raised for a bucket count below 1 or a range that ends before it starts."""


class AuthenticationError(EnergyMonitorError):
    """Raised when a request carries no token, or one that does not prove who is asking."""


class ForbiddenError(EnergyMonitorError):
    """Raised when a request needs a role that the caller's token does not carry."""


class NotFoundError(EnergyMonitorError):
    """Raised when a document does not exist or belongs to somebody else: the caller cannot know which."""


class ConflictError(EnergyMonitorError):
    """Raised when what is stored has moved on, or forbids the change."""


class AccountErasedError(ConflictError):
    """Raised when somebody writes for a person whose account was erased; from ``opens_at`` on (UTC ms) they may."""

    def __init__(self, message: str, opens_at: int) -> None:
        super().__init__(message)
        self.opens_at = opens_at


class DuplicateReadingError(ConflictError):
    """Raised when a reading of the same type at the same instant is already stored."""


class RevisionError(ConflictError):
    """Raised when a reading, or the flag document, was changed since the caller read it."""


class RolloutError(ConflictError):
    """Raised when a flag may not be changed so, or not yet; says why and what to do first."""


class UnchangedError(RolloutError):
    """Raised when the flags are what was asked for already: nothing was changed."""


class SyncModeError(EnergyMonitorError):
    """Raised when the sync mode does not allow a change of mode or a job; says why and what to do first."""


class SyncStoppedError(SyncModeError):
    """Raised when the old readings were dropped, renamed or mostly lost: a person says first which side is right."""


class MassDeletionError(SyncModeError):
    """Raised when a reconciliation would delete ``deletes`` documents, more than allowed; nothing was written."""

    def __init__(self, deletes: int, allowed: int) -> None:
        super().__init__(f"it would delete {deletes} documents, and {allowed} were allowed")
        self.deletes = deletes


class TooManyError(EnergyMonitorError):
    """Raised when a person has sent as many of a kind as one may within a time; nothing was stored."""

    def __init__(self, message: str, retry_seconds: int) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class TooLargeError(EnergyMonitorError):
    """Raised when a write is more than the database takes in one transaction; nothing was written."""


class UnavailableError(EnergyMonitorError):
    """Raised when the database, or AppConfig, did not answer within the request's time, or other writes used it up.

    Nothing was written, unless the answer to a commit itself got lost: then the same request again is a duplicate.
    """


class LostModeError(UnavailableError):
    """Raised when the sync mode is missing or unreadable where there was one; says what was found and what to do."""


class DamagedMeterError(EnergyMonitorError):
    """Raised when a stored document contradicts its meter; a refresh catches it and begins again."""


class UnreadableEventError(EnergyMonitorError):
    """Raised for an event of an unknown version that does not even name a user."""


class ScopeError(EnergyMonitorError):
    """Raised when a filter, update or pipeline tries to reach beyond its user's documents."""


class ComparisonError(EnergyMonitorError):
    """Raised when the backends cannot be compared: in ``old_only``, or what was asked then is not known any more."""
