"""Batches of points as the server sends them: what is packed says what the documents say, whatever they look like."""

from decimal import Decimal
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, Reading, to_datetime
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories.database import CODEC_OPTIONS, DecimalCodec
from chalicelib.repositories.documents import point_of
from chalicelib.repositories.point_batches import points_in
from tests.unit.domain.calculation.meters import examples

CODEC = DecimalCodec()
USUAL = st.decimals(min_value=0, max_value=10**12, allow_nan=False, allow_infinity=False, places=3)
EXTREME = st.sampled_from([Decimal(1) / 3, Decimal("1E+5"), Decimal("1E+9"), Decimal(10) ** 20, Decimal("1.5000")])
INHERITED: st.SearchStrategy[Any] = st.integers(0, 10**9) | st.floats(0, 10**9)
AMOUNTS = (USUAL | EXTREME).map(CODEC.transform_python) | INHERITED
POINTS = st.dictionaries(st.integers(FIRST_INSTANT, LAST_INSTANT), AMOUNTS, max_size=8)
EXACT = st.dictionaries(st.integers(FIRST_INSTANT, LAST_INSTANT), USUAL.map(CODEC.transform_python), max_size=8)


def batch_of(points: dict[int, Any]) -> bytes:
    documents = ({"date": to_datetime(instant), "amount": amount} for instant, amount in sorted(points.items()))
    return b"".join(bson.encode(document) for document in documents)


@examples
@given(POINTS | EXACT)
def test_a_batch_says_what_its_documents_say(points: dict[int, Any]) -> None:
    batch = batch_of(points)
    decoded = CompactReadings.of(map(point_of, bson.decode_all(batch, CODEC_OPTIONS)))
    packed = points_in(batch)
    assert packed == decoded
    assert packed.decimals == decoded.decimals
    assert type(packed.amounts) is type(decoded.amounts)


def test_a_batch_of_the_usual_form_is_a_table_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a tenth of what decoding takes."""
    decoded: list[bytes] = []

    def decode(batch: bytes, _: object) -> list[Any]:
        decoded.append(batch)
        return []

    monkeypatch.setattr(bson, "decode_all", decode)
    usual = {number: CODEC.transform_python(Decimal(number)) for number in (1, 2)}
    assert list(points_in(batch_of(usual))) == [Reading(1, Decimal(1)), Reading(2, Decimal(2))]
    for amount in ("0.001", "1E+3"):
        assert list(points_in(batch_of({1: CODEC.transform_python(Decimal(amount))}))) == [Reading(1, Decimal(amount))]
    assert decoded == []
    beyond = [batch_of({1: CODEC.transform_python(Decimal(amount))}) for amount in ("0.0001", "1E+4")]
    assert [list(points_in(batch)) for batch in beyond] == [[], []]
    assert decoded == beyond


def test_documents_with_their_fields_in_another_order_are_understood() -> None:
    batch = bson.encode({"amount": CODEC.transform_python(Decimal("12.5")), "date": to_datetime(1000)})
    assert list(points_in(batch)) == [Reading(1000, Decimal("12.5"))]


def test_an_empty_batch_has_no_points() -> None:
    assert len(points_in(b"")) == 0
