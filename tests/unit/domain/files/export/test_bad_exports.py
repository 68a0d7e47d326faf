"""What is no export is refused with what is wrong and where; a bad reading is an error of its place."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.errors import ImportFileError
from chalicelib.domain.files.export.json_document import ParsedExport, parse_export
from chalicelib.domain.readings import parse_instant
from tests.unit.domain.calculation.building import BERLIN
from tests.unit.domain.calculation.meters import examples
from tests.unit.domain.files.export.exporting import NOW, POWER

READING = {"type": "power", "date": "2023-11-01", "amount": 5}
EXCHANGE = {"date": "2023-06-01", "finalOld": 5, "initialNew": 0}
METER = {"type": "power", "modulus": 1000, "runsBackwards": False, "exchanges": [EXCHANGE]}


def document(**members: Any) -> bytes:
    return json.dumps({"exportVersion": 1, "readings": [], **members}).encode()


def read(content: bytes, **options: Any) -> ParsedExport:
    return parse_export(content, BERLIN, now=NOW, **options)


def meters(**members: Any) -> bytes:
    return document(meters=[{**METER, **members}])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not JSON"),
        (b"date,type,amount\n", "not JSON"),
        (b"\xff", r"not UTF-8 \(byte 0xFF in line 1\): save it as UTF-8"),
        (b"\xef\xbb\xbf{\n\xe4", "byte 0xE4 in line 2"),
        (b"[" * 100_000, "nested too deeply for an export"),
        (b'{"a":' * 100_000, "nested too deeply for an export"),
        (b"[]", "^the file is an array, not an object"),
        (b"{}", "^exportVersion and readings are missing"),
        (b'{"exportVersion":NaN,"readings":[]}', "NaN"),
        (b'{"exportVersion":1e99999999999999999999,"readings":[]}', "exponent"),
        (b'{"exportVersion":1,"readings":[],"readings":[]}', "repeat"),
        (document(exportVersion=2), "exportVersion: not 1"),
        (document(exportVersion="1"), "exportVersion: not 1"),
        (document(exportVersion=True), "exportVersion: not 1"),
        (document(exportedAt=5), "exportedAt: "),
        (document(readings={}), "readings: an object, not a list"),
        (document(readings=[READING] * 4), "readings: 4 of them, an import takes up to 3"),
        (document(settings=None), "settings: settings is null, not an object"),
        (document(settings={}), "settings: zone is missing"),
        (document(settings={"zone": "localtime"}), "settings.zone: "),
        (document(settings={"zone": "../Berlin"}), "settings.zone: "),
        (document(settings={"zone": "\ud800"}), "settings.zone: "),
        (document(settings={"zone": "UTC", "name": "x"}), 'settings: 1 unknown members, among them "name"'),
        (document(other=1), 'unknown members, among them "other"; known are exportVersion'),
        (document(meters={}), "meters: an object"),
        (document(meters=[5]), r"meters\[0\]: the meter is 5, not an object"),
        (document(meters=[METER, METER]), r"meters\[1\]: a second meter of type power"),
        (meters(type="water"), r"meters\[0\].type: "),
        (meters(modulus="1000"), r"meters\[0\].modulus: "),
        (meters(modulus=0), r"meters\[0\].modulus: 0"),
        (meters(modulus=-5), r"meters\[0\].modulus: -5"),
        (meters(modulus=10**12 + 1), r"meters\[0\].modulus: "),
        (meters(modulus=0.1234567890123456), r"meters\[0\].modulus: "),
        (meters(modulus=1e-16), r"meters\[0\].modulus: 1e-16, and no register"),
        (meters(modulus=0.00123456789012345), r"meters\[0\].modulus: "),
        (meters(runsBackwards=0), r"meters\[0\].runsBackwards: 0, not true or false"),
        (meters(exchanges=None), r"meters\[0\].exchanges: null"),
        (meters(exchanges=[EXCHANGE, {**EXCHANGE, "date": 5}]), r"meters\[0\].exchanges\[1\].date: date is 5"),
        (meters(exchanges=[{**EXCHANGE, "date": "2023-06-31"}]), r"exchanges\[0\].date: .*does not exist"),
        (meters(exchanges=[{**EXCHANGE, "date": "2023-12-01"}]), r"exchanges\[0\].date: .*future"),
        (meters(exchanges=[{**EXCHANGE, "finalOld": -1}]), r"exchanges\[0\].finalOld: .*negative"),
        (meters(exchanges=[{**EXCHANGE, "initialNew": 1000}]), r"exchanges\[0\].initialNew: .*not below 1000"),
        (meters(exchanges=[EXCHANGE, EXCHANGE]), r"meters\[0\].exchanges: two of them at one instant"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_is_wrong_and_where(content: bytes, told: str) -> None:
    with pytest.raises(ImportFileError, match=told) as refused:
        read(content, max_rows=3)
    str(refused.value).encode()
    assert len(refused.value.errors) == 1


@pytest.mark.parametrize(
    ("flaw", "field", "told"),
    [
        (5, None, "the reading is 5, not an object"),
        ({"type": "power"}, None, "date and amount are missing"),
        (READING | {"note": "x", "id": 1}, None, '2 unknown members, among them "note", "id"'),
        (READING | {"type": "water"}, "type", "neither power nor gas"),
        (READING | {"type": None}, "type", "type is null"),
        (READING | {"type": "\ud800"}, "type", "cannot be shown"),
        (READING | {"date": "2023-02-29"}, "date", "does not exist"),
        (READING | {"date": "1.11.2023"}, "date", "neither a date"),
        (READING | {"date": 1_700_000_000}, "date", "not a text"),
        (READING | {"date": "2023-11-16"}, "date", "future"),
        (READING | {"amount": "5"}, "amount", "not a number"),
        (READING | {"amount": True}, "amount", "not a number"),
        (READING | {"amount": -5}, "amount", "negative"),
        (READING | {"amount": 10**12}, "amount", "12 digits"),
        (READING | {"amount": 0.1234567890123456}, "amount", "15 digits"),
    ],
)
def test_a_bad_reading_is_an_error_of_its_place(flaw: Any, field: str | None, told: str) -> None:
    parsed = read(document(readings=[READING, flaw, READING]))
    assert [row.place for row in parsed.rows] == [1, 3]
    [error] = parsed.errors
    assert (error.place, error.field) == (2, field)
    assert told in error.reason
    error.reason.encode()


@pytest.mark.parametrize("amount", [b"1e999999", b"1e-999999", b"9" * 100_000, b"-1e999999"])
def test_a_number_beyond_all_registers_is_an_error_of_its_place(amount: bytes) -> None:
    content = document(readings=[READING]).replace(b'"amount": 5', b'"amount": ' + amount)
    assert [error.field for error in read(content).errors] == ["amount"]


@pytest.mark.parametrize(
    ("amount", "kept"), [(b"0E-6000", "0"), (b"-0", "0"), (b"1." + b"0" * 33, "1"), (b"1E+2", "100"), (b"5.50", "5.50")]
)
def test_zeros_that_say_nothing_are_left_out_of_an_amount(amount: bytes, kept: str) -> None:
    content = document(readings=[READING]).replace(b'"amount": 5', b'"amount": ' + amount)
    assert [str(row.amount) for row in read(content).rows] == [kept]


def test_thousands_of_unknown_members_are_counted_and_three_of_them_named() -> None:
    with pytest.raises(ImportFileError, match="6000 unknown members") as refused:
        read(document(**{f"\ud800{number}" * 20: 1 for number in range(6_000)}))
    assert len(str(refused.value).encode()) < 1_000


def test_a_date_without_a_time_is_local_in_the_zone_of_the_file() -> None:
    readings = [READING, READING | {"date": "2023-11-01T00:00"}]
    rows = read(document(readings=readings)).rows
    assert [(row.instant, row.has_time) for row in rows] == [
        (parse_instant("2023-11-01", BERLIN), flag) for flag in (False, True)
    ]
    [row, _] = read(document(readings=readings, settings={"zone": "UTC"})).rows
    assert row.instant == parse_instant("2023-11-01T00:00Z", BERLIN)


def test_a_byte_order_mark_an_edge_and_a_zero_without_sign_are_read() -> None:
    parsed = read(
        b"\xef\xbb\xbf" + document(readings=[READING | {"amount": -0.0}], meters=[METER | {"modulus": 10**12}])
    )
    assert str(parsed.rows[0].amount).startswith("0")
    assert (parsed.meters[0].type, parsed.meters[0].modulus) == (POWER, Decimal(10) ** 12)


members = st.sampled_from(
    ["exportVersion", "readings", "meters", "settings", "zone", "type", "date", "amount", "modulus", "exchanges"]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["power", "2023-11-01", "UTC"]),
    lambda inner: st.lists(inner) | st.dictionaries(members | st.text(), inner),
)


def no_worse_than_refused(content: bytes) -> None:
    try:
        parsed = read(content)
    except ImportFileError as error:
        str(error).encode()
    else:
        for flaw in parsed.errors:
            flaw.reason.encode()


@examples
@given(st.binary())
@example(b"{" * 1_000_000)
@example(b'{"\\ud800":1}')
def test_bytes_of_any_kind_are_read_or_refused(content: bytes) -> None:
    no_worse_than_refused(content)


@pytest.mark.long
@examples
@given(values, values, values, values)
def test_json_of_any_kind_is_read_or_refused(reading: Any, meter: Any, exchange: Any, zone: Any) -> None:
    bodies = [
        reading,
        {"exportVersion": 1, "readings": reading},
        {"exportVersion": 1, "readings": [reading, READING | {"amount": meter}, READING | {"date": zone}]},
        {"exportVersion": 1, "readings": [], "meters": meter, "settings": zone},
        {"exportVersion": 1, "readings": [], "meters": [meter], "settings": {"zone": zone}},
        {"exportVersion": 1, "readings": [], "meters": [METER | {"modulus": zone, "exchanges": [exchange]}]},
        {"exportVersion": 1, "readings": [], "meters": [METER | {"exchanges": [EXCHANGE | {"finalOld": exchange}]}]},
    ]
    for body in bodies:
        no_worse_than_refused(json.dumps(body).encode())
