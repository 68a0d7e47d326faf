"""The guards of meters with very many readings."""

from tests.guards.guard import Guard

SERIES = "tests/integration/refresh/test_compact_series.py::"
LARGE = "tests/integration/refresh/test_large_meters.py::"
MARKS = "chalicelib/repositories/packing_marks.py"
PACKING = "chalicelib/repositories/packing.py"

LARGE_METERS = (
    Guard(
        "a write to a meter that is being packed names its range",
        "chalicelib/repositories/meters.py",
        ' and "packing" not in meter',
        "",
        (f"{LARGE}test_it_ends_although_somebody_writes_at_both_ends_after_each_step",),
    ),
    Guard(
        "no part of a series is larger than a document may be",
        "chalicelib/repositories/series.py",
        "READINGS_OF_A_DOCUMENT = 300_000",
        "READINGS_OF_A_DOCUMENT = 900_000",
        (f"{SERIES}test_a_year_of_very_many_readings_that_all_fall_fits_into_its_documents",),
    ),
    Guard(
        "a packing takes no more than a step at a time",
        PACKING,
        "while left and readings:",
        "while left:",
        (f"{LARGE}test_it_takes_several_calls_and_shows_what_one_would_whatever_is_written_between_them",),
    ),
    Guard(
        "a write says to a packing under way where it was",
        MARKS,
        '{"$concatArrays": [_RANGES, [{"from": first, "to": last}]]}',
        "_RANGES",
        (f"{LARGE}test_it_takes_several_calls_and_shows_what_one_would_whatever_is_written_between_them",),
    ),
    Guard(
        "a step keeps what was written while it read",
        MARKS,
        '{"$concatArrays": [_stored(left), since]}',
        "_stored(left)",
        (f"{LARGE}test_a_write_while_a_step_reads_is_left_to_the_next_one",),
    ),
    Guard(
        "a packing knows of every write",
        MARKS,
        ' or said.get("version") != meter["sourceVersion"]:',
        ":",
        (f"{LARGE}test_a_write_by_a_release_that_knows_no_packing_begins_it_again",),
    ),
    Guard(
        "a step goes on from the one before",
        PACKING,
        "return _Change({STEP: packing.step}, after, update, outcome)",
        "return _Change({}, after, update, outcome)",
        (f"{LARGE}test_of_two_at_the_same_step_one_has_made_it",),
    ),
    Guard(
        "a refresh publishes by the packing that it has read",
        "chalicelib/repositories/display.py",
        ", STEP: seen.step}",
        "}",
        (f"{LARGE}test_who_is_overtaken_by_a_step_publishes_nothing",),
    ),
    Guard(
        "the parts of a packing are those that it has made",
        "chalicelib/repositories/series.py",
        "lambda found: found == wanted",
        "lambda found: True",
        (f"{LARGE}test_a_part_that_is_not_what_was_packed_is_packed_again[changed]",),
    ),
    Guard(
        "what the last step shows is dirty no more",
        MARKS,
        "    if known is None:\n",
        "    if True:\n",
        (f"{LARGE}test_what_is_written_while_the_last_step_publishes_is_all_that_is_left",),
    ),
    Guard(
        "a series that is being packed is no finding",
        "chalicelib/repositories/whole_meters.py",
        " or is_packed",
        "",
        (f"{LARGE}test_a_large_import_into_a_kept_series_reads_what_it_changes",),
    ),
    Guard(
        "a meter that goes on is no failing one",
        PACKING,
        '"packing": change.packing, "sweep": "$$REMOVE"}',
        '"packing": change.packing}',
        (f"{LARGE}test_a_meter_under_way_is_no_failing_one_and_the_sweeper_goes_on_with_it",),
    ),
    Guard(
        "a meter that was written to while its pieces were compared is no finding",
        "chalicelib/services/refresh/display_check.py",
        "return is_right if self._display.state(*meter) == whole.snapshot.state else None",
        "return is_right",
        (f"{LARGE}test_a_write_while_pieces_are_compared_is_no_finding",),
    ),
)
