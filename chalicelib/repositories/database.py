"""The connection to MongoDB: codecs, names of the collections, and driver errors translated into the domain's."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Context, Decimal
from enum import StrEnum
from functools import lru_cache
from struct import Struct
from typing import Any

import pymongo
from bson.codec_options import CodecOptions, DatetimeConversion, TypeCodec, TypeEncoder, TypeRegistry
from bson.decimal128 import Decimal128
from pymongo.database import Database
from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.monitoring import CommandListener
from pymongo.read_concern import ReadConcern

from chalicelib.domain.errors import DuplicateReadingError, TooLargeError, UnavailableError
from chalicelib.domain.readings import to_ms

Document = dict[str, Any]
MongoDatabase = Database[Document]
DUPLICATE_KEY = 11000
TRANSACTION_TOO_LARGE = 388
_TOO_LARGE = (
    "this is more than the database takes in one transaction, nothing was written: split the file, or let an operator "
    "give the server a larger cache"
)
_TAKEN = "a reading of this type at this instant is already stored"
# A snapshot is refused while an index is being made, or when it is older than what the server keeps.
NO_SNAPSHOT_NOW = {239, 246}
TRANSIENT = ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")
READ_SECONDS = 5.0  # a read by key that takes longer means that the database is not there


# A function that was frozen, or a network that drops packets, leaves connections on which nothing comes any more. The
# driver's monitor asks for a sign of life twice a second; where none comes within the time to connect, it takes the
# commands under way from their connections, and reads, commits and transactions are tried again on new ones. So a
# command may take as long as its own time limit says, as long as the server is there: nothing else bounds a socket.
SILENCE: dict[str, Any] = {"heartbeatFrequencyMS": 500, "connectTimeoutMS": 1_500, "maxIdleTimeMS": 60_000}


class Collections(StrEnum):
    """Every collection that the application reads or writes."""

    ENERGIES = "energies"
    READINGS = "source_energy_readings"
    METERS = "meters"
    DISPLAY = "display_energy_data"
    SERIES = "meter_series"
    SETTINGS = "user_settings"
    IMPORTS = "imports"
    CONTROL = "control"
    QUARANTINE = "quarantined_readings"
    REPAIRED = "repaired_readings"
    USAGE = "backend_usage_logs"
    USAGE_HOURS = "usage_hours"
    USAGE_PEOPLE = "usage_people"
    COMPARISONS = "backend_comparisons"
    FLAG_CHANGES = "flag_changes"
    GATE = "gate_evidence"
    AGREEMENTS = "gate_agreements"
    ROLLOUTS = "rollouts"
    FEEDBACK = "feedback"
    PAGES = "page_measurements"
    V1_CALLERS = "v1_callers"
    DISCARDED = "discarded_events"
    ERASURES = "erasures"


def halves_of(value: Decimal) -> tuple[int, int]:
    """The upper and the lower half of a Decimal128; what fits is converted without the driver's detour.

    A plain number is read from its text: taking a decimal apart into a tuple of digits takes five times as long.
    """
    text = str(value)
    digits = text.replace(".", "", 1)
    if digits.isdecimal() and len(digits) <= _DIGITS.prec:
        exponent = 0 if digits is text or len(digits) == len(text) else text.index(".") + 1 - len(text)
        high, low = divmod(int(digits), 1 << 64)
        return exponent + 6176 << 49 | high, low
    sign, numbers, power = value.as_tuple()
    if not isinstance(power, int) or len(numbers) > _DIGITS.prec or not -6176 <= power <= 6111:
        low, high = _HALVES.unpack(Decimal128(value).bid)
        return high, low
    high, low = divmod(abs(int(value.scaleb(-power, _DIGITS))), 1 << 64)
    return sign << 63 | power + 6176 << 49 | high, low


class DecimalEncoder(TypeEncoder):
    """Amounts are Decimal in Python and Decimal128 in MongoDB: exact on both sides.

    Speaks IEEE 754's binary integer encoding by itself: the driver goes through text, and its way of encoding was a
    tenth of a backfill. A test holds both equal.
    """

    python_type = Decimal

    def transform_python(self, value: Any) -> Decimal128:
        """Decimal to Decimal128."""
        return Decimal128(halves_of(value))  # type: ignore[arg-type] # (documented)


class DecimalCodec(DecimalEncoder, TypeCodec):
    """The same in both directions.

    The driver's way of decoding takes five times as long, and was half the time of a display read (36 amounts) and most
    of reading 34,588 readings.
    """

    bson_type = Decimal128

    def transform_bson(self, value: Any) -> Decimal:
        """Decimal128 to Decimal, digit for digit."""
        return _decoded(value.bid)


@lru_cache(maxsize=8192)
def _decoded(bid: bytes) -> Decimal:
    """The number behind the encoding; remembered, because a view says most amounts twice and is read again."""
    bits = int.from_bytes(bid, "little")
    if bits >> 125 & 0b11 == 0b11:  # infinity, NaN and forms that no valid number needs
        return Decimal(str(Decimal128.from_bid(bid)))
    exponent = (bits >> 113 & 0x3FFF) - 6176
    magnitude = Decimal(bits & ((1 << 113) - 1)).scaleb(exponent, _DIGITS)
    return magnitude.copy_negate() if bits >> 127 else magnitude


_DIGITS = Context(prec=34)
_HALVES = Struct("<QQ")
BYTES = "surrogateescape"
# A date that Python cannot hold is a ``DatetimeMS``, which no field of a readable document is: no reader fails at it.
# Nor at bytes that are no UTF-8: see ``undecodable``.
CODEC_OPTIONS: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    type_registry=TypeRegistry([DecimalCodec()]),
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler=BYTES,
)
# For documents in which no amount is a field: with a codec of ours the driver decodes each reply twice.
WITHOUT_DECIMALS: CodecOptions[Document] = CODEC_OPTIONS.with_options(type_registry=TypeRegistry())
# For commands in whose replies no amount is a field.
ENCODING: CodecOptions[Document] = CODEC_OPTIONS.with_options(type_registry=TypeRegistry([DecimalEncoder()]))
COMMITTED = ReadConcern("majority")


def open_database(uri: str, name: str, *listeners: CommandListener) -> MongoDatabase:
    """Open the database; connects on the first command.

    ``uri`` names a replica set (transactions need one); ``listeners`` see every command. What is read is committed by a
    majority: a transaction's snapshot ends there too, so what was read outside of one is in it too.
    """
    client: pymongo.MongoClient[Document] = pymongo.MongoClient(
        uri,
        appname="energy-monitor",
        serverSelectionTimeoutMS=5_000,
        maxPoolSize=10,
        event_listeners=listeners,
        **SILENCE,
    )
    return client.get_database(name, codec_options=CODEC_OPTIONS, read_concern=COMMITTED)


def instant_of(date: datetime | None) -> int | None:
    """Epoch milliseconds of a stored date, None where there is none."""
    return None if date is None else to_ms(date)


def meter_id(user_id: str, energy_type: str) -> str:
    """The ``_id`` of a meter; the type has no bar, so the last one separates."""
    return f"{user_id}|{energy_type}"


@contextmanager
def together(seconds: float) -> Iterator[None]:
    """Bound all commands inside together, however often they are tried; each ends earlier where its own limit says so.

    What is out of time raises where it asked: see ``time_limit``.
    """
    with pymongo.timeout(seconds):
        yield


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Bound every command inside together, and translate what the driver raises.

    Raises:
        DuplicateReadingError: a unique index refused a reading.
        TooLargeError: the server's cache cannot hold what a transaction writes.
        UnavailableError: the database could not be reached or did not answer in time.
    """
    try:
        with pymongo.timeout(seconds):
            yield
    except DuplicateKeyError as error:
        raise DuplicateReadingError(_TAKEN) from error
    except BulkWriteError as error:
        raise _bulk_error(error) from error
    except PyMongoError as error:
        if _passes(error):
            raise UnavailableError("the database did not answer in time; try again") from error
        if isinstance(error, OperationFailure) and error.code == TRANSACTION_TOO_LARGE:
            raise TooLargeError(_TOO_LARGE) from error
        raise


def _passes(error: PyMongoError) -> bool:
    """Whether trying again may help. The rest is a defect of ours, or a server that refuses us, and must be seen."""
    labelled = any(error.has_error_label(label) for label in TRANSIENT)
    refused = isinstance(error, OperationFailure) and error.code in NO_SNAPSHOT_NOW
    return labelled or refused or error.timeout or isinstance(error, ConnectionFailure)


def _bulk_error(error: BulkWriteError) -> Exception:
    codes = {failure.get("code") for failure in (error.details or {}).get("writeErrors", [])}
    if TRANSACTION_TOO_LARGE in codes:
        return TooLargeError(_TOO_LARGE)
    if codes == {DUPLICATE_KEY}:
        return DuplicateReadingError(_TAKEN)
    return error


def ping(database: MongoDatabase) -> None:
    """Ask the database for a sign of life. Raises UnavailableError."""
    with time_limit(3.0):
        database.command("ping")
