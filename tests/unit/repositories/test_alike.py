"""Documents that are cut like an example are the same, byte for byte, as if each had been encoded by itself."""

from decimal import Decimal

import bson
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ports.values import NewReading
from chalicelib.domain.readings import AMOUNT_LIMIT, FIRST_INSTANT, LAST_INSTANT, EnergyType, to_datetime
from chalicelib.repositories.alike import Form, Values
from chalicelib.repositories.database import CODEC_OPTIONS, halves_of
from chalicelib.repositories.documents import new_document, with_origin

POWER = EnergyType.POWER
NOW = to_datetime(1_700_000_000_001)
instants = st.integers(FIRST_INSTANT, LAST_INSTANT)
# Of any number of digits that a Decimal128 has room for, and without those that are nought at the end.
exact = st.integers(0, 20).flatmap(lambda places: st.decimals(0, AMOUNT_LIMIT, places=places))
amounts = exact | exact.map(Decimal.normalize)
readings = st.builds(NewReading, st.just(POWER), instants, amounts, st.just("csv"), st.just("an import"))
users = st.text(min_size=1) | st.sampled_from(["\x09date\x00", "\x13amount\x00", "\x07_id\x00\x09date\x00"])


@given(st.lists(readings, min_size=1, max_size=4), users)
def test_documents_that_are_cut_like_the_first_are_as_if_each_were_encoded(
    several: list[NewReading], user: str
) -> None:
    keys = [ObjectId() for _ in several]
    both = [
        [{**document, "userId": user}, {**with_origin(document, reading), "userId": user}]
        for reading, document in ((each, new_document(key, each, NOW)) for key, each in zip(keys, several, strict=True))
    ]
    for documents in zip(*both, strict=True):
        form = Form(documents[0])
        for key, reading, document in zip(keys, several, documents, strict=True):
            values = Values(key.binary, reading.instant, *halves_of(reading.amount))
            assert form.filled(values).raw == bson.encode(document, codec_options=CODEC_OPTIONS)


@pytest.mark.parametrize("field", ["_id", "date", "amount"])
def test_an_example_without_one_of_the_values_is_refused(field: str) -> None:
    document = new_document(ObjectId(), NewReading(POWER, 0, Decimal(1), "csv"), NOW)
    with pytest.raises(ValueError, match="not found"):
        Form({name: value for name, value in document.items() if name != field})
