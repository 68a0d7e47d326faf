"""Pseudonyms distinguish values and say nothing about them."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.people.pseudonyms import Pseudonyms

MINE, OTHER = Pseudonyms(b"mine"), Pseudonyms(b"other")


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_values_have_one_pseudonym_only_if_they_are_equal(one: str, other: str) -> None:
    assert (MINE.of("user", one) == MINE.of("user", other)) is (one == other)


@given(st.text())
def test_a_pseudonym_depends_on_kind_and_key_and_has_one_form(value: str) -> None:
    said = MINE.of("user", value)
    assert said not in (MINE.of("amount", value), OTHER.of("user", value))
    assert len(said) == 32
    assert set(said) <= set("0123456789abcdef")


def test_a_pseudonym_is_what_openssl_says() -> None:
    # printf 'user\0alice' | openssl dgst -sha256 -hmac mine | cut to 32 digits
    assert MINE.of("user", "alice") == "8f21236eb902f52b12d4056ede93c2d1"
