"""How the database is reached: collections by their names, the connection, and the driver's errors in our words."""

from typing import Any

import pytest
from bson.codec_options import DatetimeConversion
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
)

from chalicelib.domain.errors import DuplicateReadingError, TooLargeError, UnavailableError
from chalicelib.repositories.database import Collections, instant_of, meter_id, open_database, ping, time_limit
from tests.integration.documents.conftest import Sent


def test_collections_have_the_names_that_deployed_databases_have() -> None:
    assert {*Collections} == {
        "energies",
        "source_energy_readings",
        "meters",
        "display_energy_data",
        "meter_series",
        "user_settings",
        "imports",
        "control",
        "quarantined_readings",
        "repaired_readings",
        "backend_usage_logs",
        "usage_hours",
        "usage_people",
        "backend_comparisons",
        "flag_changes",
        "gate_evidence",
        "gate_agreements",
        "rollouts",
        "feedback",
        "page_measurements",
        "v1_callers",
        "discarded_events",
        "erasures",
    }


def test_the_connection(mongodb_uri: str) -> None:
    database = open_database(mongodb_uri, "a_name")
    options = database.client.options
    assert (database.name, database.read_concern.level) == ("a_name", "majority")
    assert options.pool_options.max_pool_size == 10
    assert options.pool_options.max_idle_time_seconds == 60
    assert options.pool_options.connect_timeout == 1.5
    assert options.pool_options.appname == "energy-monitor"
    assert options.server_selection_timeout == 5
    assert database.client._topology_settings.heartbeat_frequency == 0.5
    assert options.pool_options.metadata["application"] == {"name": "energy-monitor"}
    assert (database.codec_options.tz_aware, database.codec_options.datetime_conversion) == (
        True,
        DatetimeConversion.DATETIME_AUTO,
    )
    database.client.close()


def test_who_listens_sees_every_command(seen: Database[Any], sent: Sent) -> None:
    seen["meters"].find_one({"_id": "x"})
    assert [command["find"] for command in sent.of("find")] == ["meters"]


def test_a_sign_of_life_is_asked_of_the_server(seen: Database[Any], sent: Sent) -> None:
    ping(seen)
    assert [command["ping"] for command in sent.commands] == [1]


def labelled(error: PyMongoError, label: str) -> PyMongoError:
    error._add_error_label(label)
    return error


def bulk(*codes: int) -> BulkWriteError:
    return BulkWriteError({"writeErrors": [{"code": code} for code in codes]})


@pytest.mark.parametrize(
    ("raised", "heard", "words"),
    [
        (DuplicateKeyError("x"), DuplicateReadingError, "a reading of this type at this instant is already stored"),
        (bulk(11000, 11000), DuplicateReadingError, "a reading of this type at this instant is already stored"),
        (bulk(11000, 121), BulkWriteError, "batch op errors"),
        (bulk(121), BulkWriteError, "batch op errors"),
        (bulk(11000, 388), TooLargeError, "nothing was written"),
        (BulkWriteError({}), BulkWriteError, "batch op errors"),
        (OperationFailure("x", 388), TooLargeError, "nothing was written"),
        (OperationFailure("x", 239), UnavailableError, "try again"),
        (OperationFailure("x", 246), UnavailableError, "try again"),
        (OperationFailure("x", 50), UnavailableError, "try again"),
        (OperationFailure("x", 13), OperationFailure, "x"),
        (labelled(OperationFailure("x", 1), "TransientTransactionError"), UnavailableError, "try again"),
        (labelled(OperationFailure("x", 1), "UnknownTransactionCommitResult"), UnavailableError, "try again"),
        (labelled(OperationFailure("x", 1), "RetryableWriteError"), UnavailableError, "try again"),
        (labelled(OperationFailure("x", 1), "another"), OperationFailure, "x"),
        (ConnectionFailure("x"), UnavailableError, "the database did not answer in time; try again"),
        (AutoReconnect("x"), UnavailableError, "try again"),
        (NetworkTimeout("x"), UnavailableError, "try again"),
        (ValueError("x"), ValueError, "x"),
    ],
)
def test_an_error_of_the_driver_in_our_words(raised: Exception, heard: type[Exception], words: str) -> None:
    with pytest.raises(heard, match=words) as found, time_limit(5):
        raise raised
    assert type(found.value) is heard


def test_small_things() -> None:
    assert instant_of(None) is None
    assert meter_id("anna|b", "gas") == "anna|b|gas"
