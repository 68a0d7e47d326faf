"""Questions about a count that does not fit those around it, what explains it, and their words (CALCULATION.md, 9)."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.errors import Doubt, ImplausibleReadingError
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.plausibility.questions import Meter, ask_about_exchange, ask_about_reading
from chalicelib.domain.plausibility.usual import Usual, usual_of
from chalicelib.domain.readings import EnergyType, MeterExchange, Reading, parse_instant
from chalicelib.domain.readings.compact import CompactReadings

BERLIN = ZoneInfo("Europe/Berlin")
POWER, GAS = EnergyType.POWER, EnergyType.GAS
PLAIN = MeterConfiguration()
BACKWARDS = MeterConfiguration(runs_backwards=True)
FIVE_DIGITS = MeterConfiguration(Decimal(100_000))
TEN_A_DAY = Usual(Fraction(10), known=True)
UNKNOWN = usual_of(CompactReadings.of([]), POWER, PLAIN, BERLIN)


def at(date: str, amount: float | str) -> Reading:
    return Reading(parse_instant(date, BERLIN), Decimal(str(amount)))


def exchange(date: str, final_old: float, initial_new: float = 0) -> MeterExchange:
    return MeterExchange(parse_instant(date, BERLIN), Decimal(str(final_old)), Decimal(str(initial_new)))


def with_exchanges(*exchanges: MeterExchange, known: MeterConfiguration = PLAIN) -> MeterConfiguration:
    recorded = tuple(Exchange(str(number), POWER, each) for number, each in enumerate(exchanges))
    return MeterConfiguration(known.modulus, recorded, known.runs_backwards)


def asked(
    sent: Reading | MeterExchange,
    *around: Reading,
    known: MeterConfiguration = PLAIN,
    usual: Usual = TEN_A_DAY,
    kind: EnergyType = POWER,
) -> ImplausibleReadingError | None:
    """What is asked back, or nothing."""
    meter = Meter(kind, known, BERLIN, lambda: usual)
    try:
        if isinstance(sent, MeterExchange):
            ask_about_exchange(sent, around, meter)
        else:
            ask_about_reading(sent, around, meter)
    except ImplausibleReadingError as error:
        return error
    return None


def doubt(sent: Reading | MeterExchange, *around: Reading, known: MeterConfiguration = PLAIN) -> Doubt:
    error = asked(sent, *around, known=known)
    assert error is not None
    assert [field.where for field in error.errors] == [error.doubt.where]
    return error.doubt


def code(sent: Reading | MeterExchange, *around: Reading, known: MeterConfiguration = PLAIN) -> str | None:
    error = asked(sent, *around, known=known)
    return None if error is None else error.doubt.code


BEFORE, AFTER = at("2024-03-01", 12_400), at("2024-03-11", 12_500)


@pytest.mark.parametrize("amount", [12_400, 12_450.5, 12_500])
def test_a_count_between_its_neighbours_is_not_asked_about(amount: float) -> None:
    assert code(at("2024-03-05", amount), BEFORE, AFTER) is None


def test_without_neighbours_nothing_is_asked() -> None:
    assert code(at("2024-03-05", 99_999)) is None
    assert code(exchange("2024-03-05", 99_999, 5)) is None


def test_a_count_that_is_lower_than_the_one_before_is_asked_about() -> None:
    found = doubt(at("2024-03-05", 12_399), BEFORE, AFTER)
    assert (found.code, found.where) == ("LOWER_THAN_PREVIOUS", "amount")
    assert (found.given, found.previous, found.following) == (at("2024-03-05", 12_399), BEFORE, AFTER)
    assert code(at("2024-03-05", 5), BEFORE) == "LOWER_THAN_PREVIOUS"  # a reset as well as a dip


def test_a_count_that_is_higher_than_the_one_after_is_asked_about() -> None:
    assert code(at("2024-03-05", 12_501), BEFORE, AFTER) == "HIGHER_THAN_NEXT"
    assert code(at("2024-03-05", 12_501), AFTER) == "HIGHER_THAN_NEXT"
    assert code(at("2024-03-05", 99_999), BEFORE, AFTER) == "HIGHER_THAN_NEXT"  # though it is far above usual too


def test_an_exchange_explains_a_lower_count_and_a_higher_one() -> None:
    changed = with_exchanges(exchange("2024-03-03", 12_420, 20))
    assert code(at("2024-03-05", 25), BEFORE, known=changed) is None
    assert code(at("2024-03-02", 12_410), BEFORE, at("2024-03-11", 90), known=changed) is None


def test_an_exchange_elsewhere_explains_nothing() -> None:
    elsewhere = with_exchanges(exchange("2024-02-01", 9_000), exchange("2024-03-12", 12_510))
    assert code(at("2024-03-05", 12_399), BEFORE, AFTER, known=elsewhere) == "LOWER_THAN_PREVIOUS"
    assert code(at("2024-03-05", 12_501), BEFORE, AFTER, known=elsewhere) == "HIGHER_THAN_NEXT"


def test_of_two_exchanges_the_one_next_to_the_reading_counts() -> None:
    changed = with_exchanges(exchange("2024-03-02", 12_410, 0), exchange("2024-03-04", 30, 10))
    assert code(at("2024-03-05", 12), BEFORE, known=changed) is None
    assert code(at("2024-03-05", 9), BEFORE, known=changed) == "LOWER_THAN_PREVIOUS"
    assert code(at("2024-03-03", 31), BEFORE, at("2024-03-11", 40), known=changed) == "HIGHER_THAN_NEXT"


@pytest.mark.parametrize("amount", [12_420, 12_415, 0, 3])
def test_a_reading_at_the_instant_of_an_exchange_is_of_the_meter_that_it_is_nearer_to(amount: float) -> None:
    changed = with_exchanges(exchange("2024-03-05", 12_420))
    assert code(at("2024-03-05", amount), BEFORE, at("2024-03-11", 30), known=changed) is None


def test_a_rollover_explains_a_lower_count_where_the_modulus_is_known() -> None:
    full, empty = at("2024-03-01", 99_950), at("2024-03-11", 40)
    assert code(at("2024-03-05", 10), full, known=FIVE_DIGITS) is None
    assert code(at("2024-03-05", 99_990), full, empty, known=FIVE_DIGITS) is None
    assert code(at("2024-03-05", 10), full) == "LOWER_THAN_PREVIOUS"
    assert code(at("2024-03-05", 74_999), at("2024-03-11", 40), known=FIVE_DIGITS) == "HIGHER_THAN_NEXT"


def test_a_rollover_that_would_be_far_above_usual_is_asked_about_as_that() -> None:
    assert code(at("2024-03-05", 24_000), at("2024-03-01", 99_950), known=FIVE_DIGITS) == "FAR_ABOVE_USUAL"


def test_running_backwards_explains_a_lower_count_and_a_higher_one() -> None:
    assert code(at("2024-03-05", 12_300), BEFORE, known=BACKWARDS) is None
    assert code(at("2024-03-05", 12_550), BEFORE, AFTER, known=BACKWARDS) is None


def test_of_a_meter_that_runs_backwards_the_size_of_the_increment_counts() -> None:
    assert code(at("2024-03-05", 12_000), BEFORE, known=BACKWARDS) is None  # 100 a day, ten times the usual
    assert code(at("2024-03-05", 11_999), BEFORE, known=BACKWARDS) == "FAR_ABOVE_USUAL"
    assert code(at("2024-03-05", 12_801), BEFORE, known=BACKWARDS) == "FAR_ABOVE_USUAL"


def test_more_than_ten_times_the_usual_is_asked_about() -> None:
    assert code(at("2024-03-05", 12_800), BEFORE) is None
    found = doubt(at("2024-03-05", 12_800.001), BEFORE)
    assert (found.code, found.previous, found.usual_per_day) == ("FAR_ABOVE_USUAL", BEFORE, Decimal(10))


@pytest.mark.parametrize(("kind", "a_day"), [(POWER, 50), (GAS, 10)])
def test_up_to_fifty_kwh_or_ten_cubic_metres_a_day_are_never_asked_about(kind: EnergyType, a_day: int) -> None:
    little = Usual(Fraction(0), known=True)
    assert asked(at("2024-03-05", 12_400 + 4 * a_day), BEFORE, kind=kind, usual=little) is None
    assert asked(at("2024-03-05", 12_401 + 4 * a_day), BEFORE, kind=kind, usual=little) is not None


@pytest.mark.parametrize(("kind", "a_day"), [(POWER, 500), (GAS, 100)])
def test_where_nothing_is_known_the_question_comes_at_ten_times_as_much(kind: EnergyType, a_day: int) -> None:
    unknown = usual_of(CompactReadings.of([]), kind, PLAIN, BERLIN)
    assert asked(at("2024-03-05", 12_400 + 4 * a_day), BEFORE, kind=kind, usual=unknown) is None
    error = asked(at("2024-03-05", 12_401 + 4 * a_day), BEFORE, kind=kind, usual=unknown)
    assert error is not None
    assert error.doubt.usual_per_day * 10 == a_day


def test_an_increment_counts_over_at_least_a_day() -> None:
    assert code(at("2024-03-01T00:01", 12_500), BEFORE) is None
    assert code(at("2024-03-01T23:59", 12_501), BEFORE) == "FAR_ABOVE_USUAL"


def test_what_is_usual_is_not_asked_for_where_it_cannot_decide() -> None:
    def never() -> Usual:
        raise AssertionError("nobody needs it")

    meter = Meter(POWER, PLAIN, BERLIN, never)
    ask_about_reading(at("2024-03-05", 12_600), [BEFORE], meter)  # 50 a day


def test_the_last_count_of_the_old_meter_is_held_to_the_one_before() -> None:
    assert code(exchange("2024-03-05", 12_440), BEFORE) is None
    found = doubt(exchange("2024-03-05", 12_399), BEFORE)
    assert (found.code, found.where, found.previous, found.following) == (
        "LOWER_THAN_PREVIOUS", "finalOld", BEFORE, None,
    )  # fmt: skip
    assert doubt(exchange("2024-03-05", 99_999), BEFORE).code == "FAR_ABOVE_USUAL"


def test_the_first_count_of_the_new_meter_is_held_to_the_next() -> None:
    after = at("2024-03-11", 30)
    assert code(exchange("2024-03-05", 12_440, 20), BEFORE, after) is None
    found = doubt(exchange("2024-03-05", 12_440, 31), BEFORE, after)
    assert (found.code, found.where, found.previous, found.following) == ("HIGHER_THAN_NEXT", "initialNew", None, after)
    assert doubt(exchange("2024-03-05", 12_440), at("2024-03-11", 12_500)).where == "initialNew"


def test_a_reading_at_the_instant_of_the_exchange_is_the_old_meter_s_or_the_new_one_s() -> None:
    assert code(exchange("2024-03-05", 12_440), BEFORE, at("2024-03-05", 12_440)) is None
    assert code(exchange("2024-03-05", 12_440), BEFORE, at("2024-03-05", 0)) is None
    assert doubt(exchange("2024-03-05", 12_430), at("2024-03-05", 12_440)).where == "finalOld"
    assert doubt(exchange("2024-03-05", 12_430, 3), at("2024-03-05", 2)).where == "initialNew"


def test_a_rollover_and_running_backwards_explain_an_exchange_too() -> None:
    assert code(exchange("2024-03-05", 10), at("2024-03-01", 99_950), known=FIVE_DIGITS) is None
    assert code(exchange("2024-03-05", 12_390, 30), BEFORE, at("2024-03-11", 20), known=BACKWARDS) is None


def test_a_reading_on_the_day_of_an_exchange_without_a_time_asks_for_the_time() -> None:
    untimed = with_exchanges(exchange("2024-03-05", 12_440))
    error = asked(at("2024-03-05T09:00", 12_439), BEFORE, known=untimed)
    assert error is not None
    assert error.doubt.exchange == untimed.points[0].instant
    assert "The exchange of the meter on 2024-03-05 has no time of day: give it one" in str(error)
    assert doubt(at("2024-03-06", 12_439), BEFORE, known=untimed).exchange is None
    timed = with_exchanges(exchange("2024-03-05T08:00", 12_440))
    assert doubt(at("2024-03-05T09:00", 12_439), BEFORE, known=timed).exchange is None


def test_an_exchange_without_a_time_on_the_day_of_a_reading_asks_for_the_time() -> None:
    read = at("2024-03-05T09:00", 12_439)
    assert doubt(exchange("2024-03-05", 12_440), BEFORE, read).exchange == exchange("2024-03-05", 0).instant
    assert doubt(exchange("2024-03-05T08:00", 12_440), BEFORE, read).exchange is None
    assert code(exchange("2024-03-05T10:00", 12_440), BEFORE, read) is None


@pytest.mark.parametrize(
    ("typed", "around", "meant", "digit", "added"),
    [
        (124_435, [BEFORE], 12_435, "4", False),  # 4 typed twice
        (912_435, [BEFORE], 12_435, "9", False),
        (124_350, [BEFORE], 12_435, "0", False),
        (1_245, [BEFORE, AFTER], 12_445, "4", True),
        (1_240, [BEFORE, at("2024-03-11", 12_402)], 12_400, "0", True),
        (2_435, [BEFORE], 12_435, "1", True),
        (55_555, [BEFORE, AFTER], None, "", False),
    ],
)
def test_the_digit_that_explains_a_count_is_named(
    typed: float, around: Sequence[Reading], meant: float | None, digit: str, added: bool
) -> None:
    found = doubt(at("2024-03-05", typed), *around).suggestion
    if meant is None:
        assert found is None
    else:
        assert found is not None
        assert (found.amount, found.digit, found.added) == (Decimal(str(meant)), digit, added)


def test_no_digit_is_named_that_the_register_cannot_show_or_that_would_be_asked_about_too() -> None:
    full = at("2024-03-01", 99_960)
    found = doubt(at("2024-03-05", 9_999), full, known=FIVE_DIGITS).suggestion
    assert found is not None
    assert found.amount < 100_000
    assert code(at("2024-03-05", str(found.amount)), full, known=FIVE_DIGITS) is None


def test_the_digit_of_a_register_of_an_exchange_is_named_too() -> None:
    final = doubt(exchange("2024-03-05", 1_244), BEFORE).suggestion
    first = doubt(exchange("2024-03-05", 12_440, 300), at("2024-03-11", 55)).suggestion
    assert final is not None
    assert first is not None
    assert [final.amount, first.amount] == [12_444, 30]


def test_the_answer_says_both_counts_the_usual_figure_the_digit_and_how_to_go_on() -> None:
    assert str(asked(at("2024-03-05", 1_245), BEFORE, AFTER)) == (
        "1245 on 2024-03-05 is lower than 12400 on 2024-03-01. Up to 10 kWh a day are usual. "
        'With one more digit "4" it would be 12445, which fits. '
        "If a new meter is the reason, record its exchange. If it is right, send it again with confirm: true."
    )
    assert str(asked(at("2024-03-05T18:30", 13_000), AFTER, usual=UNKNOWN)) == (
        "13000 on 2024-03-05 18:30 is higher than 12500 on 2024-03-11. "
        "If a new meter is the reason, record its exchange. "
        "If it turns back when a solar plant feeds in, say so in the settings (runsBackwards). "
        "If it is right, send it again with confirm: true."
    )
    assert str(asked(exchange("2024-03-05", 12_440), at("2024-03-15", 9_005.5), kind=GAS)) == (
        "From 0 on 2024-03-05 (the new meter's first count) to 9005.5 on 2024-03-15 it would be 900.55 m3 a day. "
        "Up to 10 m3 a day are usual. If it is right, send it again with confirm: true."
    )


@pytest.mark.parametrize(
    ("before", "after", "size"),
    [(99_990, 5, 100_000), (75_000, 25_000, 100_000), (74_999, 5, None), (9_999, 2_501, None)],
)
def test_a_fall_that_looks_like_a_register_that_starts_again_names_its_size(
    before: float, after: float, size: int | None
) -> None:
    said = str(asked(at("2024-03-05", after), at("2024-03-01", before)))
    assert ("starts again at" in said) == (size is not None)
    assert size is None or f"starts again at {size}, say so in the settings (moduli)" in said


@pytest.mark.parametrize(
    ("fallen_to", "kind", "named"), [(7_990, POWER, True), (7_199, POWER, False), (7_990, GAS, False)]
)
def test_a_small_fall_of_a_power_meter_asks_whether_it_turns_back(
    fallen_to: float, kind: EnergyType, named: bool
) -> None:
    said = str(asked(at("2024-03-05", fallen_to), at("2024-03-01", 8_000), kind=kind))
    assert ("runsBackwards" in said) is named


def test_who_records_an_exchange_is_not_told_to_record_one() -> None:
    said = str(asked(exchange("2024-03-05", 12_000), BEFORE))
    assert "is lower than" in said
    assert "record its exchange" not in said
