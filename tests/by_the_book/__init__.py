"""The calculation rules a second time, written from the text of the rules alone.

Plain and slow on purpose: exact fractions, one function for each sentence. Nothing in here is shared with the product's
own code, so the two can be run against each other; ``agreement`` alone knows the product, and brings what it says into
the same form. The formulas of the cards, which the text leaves to the code, are those of the code's description.
"""

from tests.by_the_book.cards import cards, end_of_day, last_reading
from tests.by_the_book.counter import Exchange, Meter, Point, Reading, corrected_counter
from tests.by_the_book.histogram import histogram
from tests.by_the_book.months import monthly

__all__ = [
    "Exchange",
    "Meter",
    "Point",
    "Reading",
    "cards",
    "corrected_counter",
    "end_of_day",
    "histogram",
    "last_reading",
    "monthly",
]
