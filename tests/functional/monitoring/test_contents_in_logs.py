"""Whatever goes wrong, nothing that a function prints or raises says an id, an amount, a token or a file's content.

Each error is provoked with marked values; drivers' errors carry the document, as drivers make them.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from io import StringIO
from typing import Any, NoReturn, cast

import pytest
from botocore.exceptions import ClientError
from pymongo.errors import BulkWriteError, DocumentTooLarge, DuplicateKeyError, OperationFailure, WriteError

from chalicelib.bootstrap.container import container, using
from chalicelib.bootstrap.pseudonyms import random_pseudonyms
from chalicelib.dead_letters.people import DeadLetters
from chalicelib.dead_letters.queue import LetterQueue
from chalicelib.flags.decisions.reports import LoggedReports
from chalicelib.flags.document.flag_document import read, written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.handlers.account_eraser import account_eraser
from chalicelib.handlers.comparer import backend_comparer
from chalicelib.handlers.display_data import energy_reading_created_handler
from chalicelib.handlers.sweeper import sweeper
from chalicelib.handlers.sync_job import sync_job
from chalicelib.monitoring.errors import hush
from chalicelib.monitoring.people import begin_call
from chalicelib.services.account.erasure import AccountErasureService
from tests.fakes.dead_letters import Place
from tests.functional.conftest import Api
from tests.functional.handlers.event_calls import Context, envelope
from tests.functional.handlers.scheduled_calls import SCHEDULE, later
from tests.unit.dead_letters.conftest import place as place
from tests.unit.flags.rollout import TABLE

WHO = "marked.person@example.org"
AMOUNT = 7654321
WORD = "markedword"
MARKS = (WHO, "marked.person", str(AMOUNT), WORD)
READING = {"type": "power", "date": "2023-01-31", "amount": AMOUNT}
DOCUMENT = {"userId": WHO, "amount": AMOUNT, "comment": WORD}
DRIVER_ERRORS = {
    "duplicate key": DuplicateKeyError(f"E11000 dup key: {DOCUMENT}", 11000, {"keyValue": DOCUMENT}),
    "validation": WriteError(f"Document failed validation: {DOCUMENT}", 121, {"errInfo": DOCUMENT}),
    "too large": DocumentTooLarge(f"the document {DOCUMENT} is too large"),
    "many writes": BulkWriteError({"writeErrors": [{"code": 121, "op": DOCUMENT, "errmsg": str(DOCUMENT)}]}),
    "a command": OperationFailure(f"cannot apply {DOCUMENT}", 9, {"errmsg": str(DOCUMENT)}),
    "AWS": ClientError({"Error": {"Code": "ValidationException", "Message": str(DOCUMENT)}}, "PutEvents"),
    "Python": ValueError(str(DOCUMENT)),
}
ERRORS = pytest.mark.parametrize("error", DRIVER_ERRORS.values(), ids=DRIVER_ERRORS.keys())
Said = Callable[[], str]


class Breaking:
    """A part of the application of which every method fails as a driver does."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def fail(*_: object, **__: object) -> NoReturn:
            try:
                raise KeyError(str(DOCUMENT))
            except KeyError as cause:
                raise self._error.with_traceback(None) from cause  # one error is raised in many tests

        return fail


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Iterator[Said]:
    """What was printed since; libraries' loggers are as talkative as they get, and hushed as in a function."""
    library = logging.StreamHandler(stream := StringIO())
    hush([library])
    root = logging.getLogger()
    before = root.level
    root.addHandler(library)
    root.setLevel(logging.DEBUG)

    def printed() -> str:
        out, err = capfd.readouterr()
        text = out + err + stream.getvalue()
        stream.truncate(0)
        stream.seek(0)
        return text

    yield printed
    root.setLevel(before)
    root.removeHandler(library)


def check_nothing_is_said(text: str, *, but: str) -> None:
    assert but in text, text[-2000:]
    for mark in MARKS:
        assert mark not in text, text[max(0, text.index(mark) - 500) : text.index(mark) + 100]


@ERRORS
@pytest.mark.parametrize(
    ("method", "path", "part"),
    [
        ("GET", "/v2/display?type=power&year=2023&dataType=monthly", "display"),
        ("POST", "/v2/energy", "energy"),
        ("POST", "/v1/energy", "energy"),
        ("POST", "/components/energy_forms", "router"),
        ("GET", "/v2/energy", "queries"),
        ("GET", "/v2/settings", "configuration"),
    ],
)
def test_a_request_that_breaks(api: Api, said: Said, method: str, path: str, part: str, error: Exception) -> None:
    broken: dict[str, Any] = {part: Breaking(error)}
    with using(replace(api.container, **broken)):
        status = api.request(method, path, json.dumps(READING), user=WHO).status_code
    assert status == 500
    check_nothing_is_said(said(), but=type(error).__name__)


FORM = f'--b\r\nContent-Disposition: form-data; name="{WORD}"\r\n\r\n{WORD}\r\n--b'
BAD: dict[str, tuple[str, str, str | bytes]] = {
    "no JSON": ("/v2/energy", "application/json", f'{{"type": "{WORD}'),
    "a number beyond all": ("/v2/energy", "application/json", f'{{"amount": {AMOUNT}e99999999999}}'),
    "an unknown type": ("/v2/energy", "application/json", json.dumps(READING | {"type": WORD})),
    "an unknown field": ("/v2/energy", "application/json", json.dumps(READING | {WORD: WHO})),
    "a wrong amount": ("/v2/energy", "application/json", json.dumps(READING | {"amount": f"{AMOUNT}x"})),
    "a wrong date": ("/v2/energy", "application/json", json.dumps(READING | {"date": WORD})),
    "a content type": ("/v2/energy", f"text/{WORD}", WORD),
    "no file": ("/v2/energy/import", "text/csv", WORD),
    "a bad row": ("/v2/energy/import", "text/csv", f"date,type,amount\n{WORD},{WHO},{AMOUNT}x\n"),
    "an ambiguous file": ("/v2/energy/import", "text/csv", 'date,type,amount\n2023-01-31,power,"7,654"\n' + WORD),
    "no text": ("/v2/energy/import", "text/csv", b"\xff\xfe\x00" + WORD.encode()),
    "no export": ("/v2/energy/import", "application/json", json.dumps({"readings": [DOCUMENT]})),
    "a broken form": ("/v2/energy/import", "multipart/form-data; boundary=b", FORM),
    "a form of fields": ("/v2/energy/import", "multipart/form-data; boundary=b", f"{FORM}--\r\n"),
    "no form": ("/components/csv_import", f"multipart/form-data; boundary={WORD}", WORD),
    "feedback": ("/components/feedback", "application/json", json.dumps({"component": WORD, "says": WHO})),
    "measurements": ("/components/measurements", "application/json", json.dumps([{"component": WORD}])),
    "version 1": ("/v1/energy", "application/json", json.dumps(READING | {"type": WORD})),
}


@pytest.mark.parametrize("name", BAD)
def test_a_request_that_nobody_can_use(api: Api, said: Said, name: str) -> None:
    path, content_type, body = BAD[name]
    answer = api.request("POST", f"{path}?mode={WORD}", body, user=WHO, content_type=content_type)
    assert 400 <= answer.status_code < 500
    answer = api.request("POST", path, body, user=WHO, content_type=content_type)
    assert 400 <= answer.status_code < 500, answer.body
    check_nothing_is_said(said(), but="refused")


def test_a_request_that_is_asked_back_or_meets_another(api: Api, said: Said) -> None:
    first = json.dumps(READING)
    assert api.request("POST", "/v2/energy", first, user=WHO).status_code == 201
    assert api.request("POST", "/v2/energy", first, user=WHO).status_code == 409
    for amount in (AMOUNT - 1_000, AMOUNT * 1000):
        other = json.dumps(READING | {"date": "2023-02-28", "amount": amount})
        assert api.request("POST", "/v2/energy", other, user=WHO).status_code == 422
    for path in (f"/v2/energy/{WORD}", f"/v2/imports/{WORD}", f"/v2/energy?cursor={WORD}", f"/v2/energy?type={WORD}"):
        assert api.request("GET", path, user=WHO).status_code >= 400
    check_nothing_is_said(said(), but="ImplausibleReadingError")


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_a_token_that_is_none_or_is_broken(api: Api, said: Said, scheme: str) -> None:
    header, claims, signature = api.issuer.token(WHO).split(".")
    for token in (WORD, f"{header}.{claims}.{WORD}", f"{header}.{claims}.{signature}", f"{claims}.{header}."):
        if (scheme, token) != ("Bearer", f"{header}.{claims}.{signature}"):
            answer = api.request("GET", "/v2/energy", user=None, headers={"Authorization": f"{scheme} {token}"})
            assert answer.status_code == 401
    text = said()
    check_nothing_is_said(text, but="AuthenticationError")
    for part in (header, claims, signature):
        assert part not in text


EVENTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "whole": lambda event: event,
    "none": lambda _: WORD,
    "of another shape": lambda event: event | {"detail": WORD, "detail-type": [WORD]},
    "without an owner": lambda event: event | {"detail": {"version": 1, WORD: AMOUNT}},
    "of a strange version": lambda event: event | {"detail": event["detail"] | {"version": WORD, "meter": WORD}},
    "of a wrong meter": lambda event: event | {"detail": event["detail"] | {"meter": {"type": WORD, WORD: AMOUNT}}},
    "of too many owners": lambda event: event | {"detail": event["detail"] | {"userId": [WHO, AMOUNT]}},
}


@ERRORS
@pytest.mark.parametrize("name", EVENTS)
def test_an_event_that_fails(api: Api, said: Said, name: str, error: Exception) -> None:
    assert api.request("POST", "/v2/energy", json.dumps(READING), user=WHO).status_code == 201
    event = EVENTS[name](envelope(api.publisher.events[-1]))
    broken: Any = Breaking(error)
    with using(replace(api.container, calculation=broken, recalculation=broken)), pytest.raises(Exception) as caught:
        energy_reading_created_handler(event, Context())
    check_nothing_is_said(f"{said()} {caught.value!s} {caught.value!r}", but="event failed")


SCHEDULED: dict[str, Any] = {
    "sweeper": sweeper,
    "sync job": sync_job,
    "comparer": backend_comparer,
    "eraser": account_eraser,
}


@ERRORS
@pytest.mark.parametrize("name", SCHEDULED)
def test_a_scheduled_function_that_fails(api: Api, said: Said, name: str, error: Exception) -> None:
    broken: dict[str, Any] = {
        "operations": broken_operations(error),
        "comparer": Breaking(error),
        "erasure": Breaking(error),
    }
    with (
        using(replace(api.container, **broken)),
        pytest.raises(Exception) as caught,
    ):
        SCHEDULED[name](SCHEDULE, Context())
    check_nothing_is_said(f"{said()} {caught.value!s} {caught.value!r}", but="schedule failed")


def broken_operations(error: Exception) -> Any:
    class Operations:
        sweeper = sync = Breaking(error)

    return Operations()


@ERRORS
def test_a_meter_that_cannot_be_swept(api: Api, said: Said, monkeypatch: Any, error: Exception) -> None:
    api.request("POST", "/v2/energy", json.dumps(READING), user=WHO)
    with later(api, 60_000):
        monkeypatch.setattr(container().operations.sweeper, "_calculation", Breaking(error))
        assert sweeper(SCHEDULE, Context())["failed"] == 1
    check_nothing_is_said(said(), but="a meter cannot be refreshed")


@ERRORS
def test_a_comparison_that_fails(api: Api, said: Said, error: Exception) -> None:
    assert api.request("POST", "/components/energy_forms", json.dumps(READING), user=WHO).status_code == 201
    api.request("GET", "/components/monthly_charts?type=power&year=2023", user=WHO)
    broken = Breaking(error)
    api.container.new.monthly = broken.monthly  # type: ignore[method-assign]
    api.container.old.monthly = broken.monthly  # type: ignore[method-assign]
    backend_comparer(SCHEDULE, Context())
    check_nothing_is_said(said(), but="schedule done")


@ERRORS
def test_a_usage_row_that_cannot_be_written_and_a_decision_that_fails(api: Api, said: Said, error: Exception) -> None:
    broken = Breaking(error)
    api.usage.insert = broken.insert  # type: ignore[method-assign]
    api.flags.should_use_new_backend = broken.decide  # type: ignore[method-assign]
    assert api.request("GET", "/components/dashboard", user=WHO).status_code == 200
    text = said()
    check_nothing_is_said(text, but="usage of a backend was not noted")
    assert "no decision" in text


@ERRORS
def test_flags_that_cannot_be_fetched(said: Said, error: Exception) -> None:
    with suppress(Exception):
        Breaking(error).fetch()
    LoggedReports().not_fetched(error, "d1")
    check_nothing_is_said(said(), but="flag document not fetched")


@pytest.mark.parametrize("broken", [1, WORD, [WHO], {"rules": {WHO: {"conditions": [WORD]}}}, {WORD: [WHO]}])
def test_flags_that_nobody_can_read(said: Said, broken: Any) -> None:
    document = json.loads(written(first_document()))
    content = json.dumps(document | {TABLE: broken}).encode()
    found = read(content)
    assert TABLE in found.malformed
    LoggedReports().malformed(found.malformed, found.version)
    check_nothing_is_said(said(), but=f'"flags":["{TABLE}"]')


def test_a_letter_that_cannot_be_looked_through(api: Api, said: Said, place: Place) -> None:
    place.send(json.dumps({"requestPayload": {"detail": DOCUMENT}, "responsePayload": {"errorMessage": WORD}}))
    place.send(f"{WORD} {WHO} {AMOUNT}")

    class Failing:
        def __getattr__(self, name: str) -> Any:
            if name == "delete_message":
                return Breaking(DRIVER_ERRORS["AWS"]).delete
            return getattr(place.sqs, name)

    letters = DeadLetters(LetterQueue(cast(Any, Failing), place.url, wait_seconds=0))
    erasure = AccountErasureService(api.ports.erasures, [letters], random_pseudonyms(), api.container.clock, [letters])
    with using(replace(api.container, erasure=erasure)):
        assert api.request("DELETE", "/v2/account?confirm=erase", user=WHO).status_code == 202
        begin_call()
        account_eraser(SCHEDULE, Context())
    check_nothing_is_said(said(), but="an erasure waits")
