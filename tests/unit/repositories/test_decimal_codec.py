"""The decimal codec agrees with the driver's own conversion on every number."""

from decimal import Context, Decimal

from bson.decimal128 import Decimal128
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.repositories.database import DecimalCodec

DIGITS = Context(prec=34)
numbers = st.builds(
    lambda coefficient, exponent: Decimal(coefficient).scaleb(exponent, DIGITS),
    st.integers(-(10**34) + 1, 10**34 - 1),
    st.integers(-6000, 6000),
)


@given(numbers | st.sampled_from([Decimal(text) for text in ("0", "-0", "0.000", "Infinity", "-Infinity")]))
def test_a_number_comes_back_digit_for_digit(number: Decimal) -> None:
    codec = DecimalCodec()
    stored = codec.transform_python(number)
    assert stored == Decimal128(number)
    assert codec.transform_bson(stored).as_tuple() == stored.to_decimal().as_tuple() == number.as_tuple()


def test_what_is_no_number_stays_none() -> None:
    assert DecimalCodec().transform_bson(Decimal128("NaN")).is_nan()
