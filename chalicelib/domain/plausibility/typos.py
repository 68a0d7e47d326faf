"""Guessing the amount that was meant where a digit too many or too few was typed."""

from collections.abc import Iterator
from decimal import Decimal

from chalicelib.domain.errors import Suggestion

DIGITS = "0123456789"


def with_a_digit_changed(amount: Decimal) -> Iterator[tuple[Suggestion, bool]]:
    """All of them, at whichever place the digit is, and whether it is one of two equal ones side by side."""
    text = f"{amount:f}"
    places = [place for place, sign in enumerate(text) if sign in DIGITS]
    for at in places if len(places) > 1 else ():
        left = text[:at] + text[at + 1 :]
        if not Decimal(left):
            continue
        yield Suggestion(Decimal(left), text[at], added=False), text[at] in left[max(at - 1, 0) : at + 1]
    for at in range(len(text) + 1):
        for digit in DIGITS:
            longer = Suggestion(Decimal(text[:at] + digit + text[at:]), digit, added=True)
            yield longer, digit in text[max(at - 1, 0) : at + 1]
