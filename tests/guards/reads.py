"""The guards of reads that do without the readings."""

from tests.guards.guard import Guard

DISPLAY = "chalicelib/services/display/display.py"
YEARS = "tests/integration/refresh/test_years_not_stored.py::"
LOOKS = "tests/integration/refresh/test_commands_of_reads.py::"
PARTS = "tests/integration/refresh/test_partial_snapshots.py::"
PARTIAL = "chalicelib/repositories/partial_snapshots.py"
SEALED = "chalicelib/repositories/sealed_views.py"
SEALS = "tests/integration/repositories/test_sealed_views.py::"

READS = (
    Guard(
        "a year is known to be empty only where the display shows every write",
        PARTIAL,
        '"dirtyFrom" in meter or calculation_of(meter) != CALCULATION_VERSION:',
        "calculation_of(meter) != CALCULATION_VERSION:",
        (f"{YEARS}test_what_the_display_does_not_show_yet_is_in_a_year_all_the_same",),
    ),
    Guard(
        "a year is known to be empty only where the display's side is read",
        PARTIAL,
        "believed = head.sync.reads(Backend.NEW) is Side.NEW and bool",
        "believed = bool",
        (f"{YEARS}test_where_the_old_side_is_read_its_readings_decide",),
    ),
    Guard(
        "exchanges reach into years too",
        PARTIAL,
        "Extent.of([*ends, *(exchange.instant for exchange in exchanges)])",
        "Extent.of(ends)",
        (f"{YEARS}test_an_exchange_beyond_the_readings_is_a_point_too",),
    ),
    Guard(
        "a year is known to be empty only where nothing that every refresh writes is newer than its meter",
        DISPLAY,
        "for kind in ALWAYS_WRITTEN]\n",
        'for kind in ("histogram",) * 2]\n',
        (f"{YEARS}test_a_meter_from_a_backup_says_nothing_of_its_years[summary-False]",),
    ),
    Guard(
        "an extrapolation reaches beyond the points",
        "chalicelib/domain/calculation/extent.py",
        "HORIZON_MS + ZONES_MS",
        "ZONES_MS",
        (
            "tests/unit/domain/calculation/test_extent.py::test_a_year_that_an_extrapolation_may_reach_is_not_empty[2020-05-01-2020-09-30-empty1]",
        ),
    ),
    Guard(
        "a large meter's series does not come with its head",
        "chalicelib/repositories/snapshot_head.py",
        '"$cond": [is_small,',
        '"$cond": [True,',
        (f"{LOOKS}test_the_series_of_a_small_meter_comes_with_its_head[1824-0]",),
    ),
    Guard(
        "a meter is known to have no readings by a look at them",
        "chalicelib/repositories/snapshot_head.py",
        'bool(seen.get("readings", True))',
        "bool(meters)",
        (f"{LOOKS}test_readings_of_a_meter_that_was_lost_are_shown_all_the_same",),
    ),
    Guard(
        "a year of the series is believed by its own digest",
        "chalicelib/repositories/series.py",
        "_digests(parts) != _of_years(known, *years)",
        "False",
        (f"{LOOKS}test_a_year_that_cannot_be_believed_is_read_from_the_readings[a reading less]",),
    ),
    Guard(
        "what has changed in a range is counted by what is stored",
        PARTIAL,
        "if begin <= end else kept",
        "if begin > end else kept",
        (f"{PARTS}test_figures_of_some_readings_are_those_of_all[0-0.0-0.5]",),
    ),
    Guard(
        "a month that says of a fall hides readings that decide",
        "chalicelib/domain/calculation/flagless.py",
        'GROWING.issuperset(month["flags"])',
        "True",
        (f"{PARTS}test_where_a_register_began_again_its_readings_are_read",),
    ),
    Guard(
        "what has changed decides about a view that lags",
        PARTIAL,
        "CompactReadings.of({*changed, *chosen})",
        "CompactReadings.of(chosen)",
        (f"{PARTS}test_what_fell_among_several_changes_is_seen",),
    ),
    Guard(
        "a slope depends on four weeks beyond what is asked for",
        PARTIAL,
        "near | self._beside(partners) if partners else near",
        "near",
        (f"{PARTS}test_the_slope_beyond_the_last_reading_is_that_of_four_weeks",),
    ),
    Guard(
        "a text is shown where its seal holds",
        SEALED,
        " and seal == _seal(view, data, text)",
        "",
        (f"{SEALS}test_where_text_or_seal_was_changed_the_data_are_shown[monthly|2023|c2-another text]",),
    ),
    Guard(
        "what is newer than its meter is asked about by itself",
        PARTIAL,
        " or any(is_ahead(view, head.meter) for view in head.views)",
        "",
        (f"{YEARS}test_a_meter_from_a_backup_says_nothing_of_its_years[summary-True]",),
    ),
    Guard(
        "a seal holds under an id that a refresh writes",
        SEALED,
        'isinstance(view.get("_id"), str) and isinstance(text, str)',
        "isinstance(text, str)",
        (f"{SEALS}test_a_view_whose_id_is_no_text_is_found_under_its_id[change0]",),
    ),
    Guard(
        "an answer says each name once",
        "chalicelib/services/components/component_reads.py",
        "if self.view is None or not isinstance(self.view.data, WithText):",
        "if self.view is None:",
        (f"{SEALS}test_an_answer_says_each_name_once_whatever_was_written_into_the_data[zone]",),
    ),
    Guard(
        "a year without readings needs no zone",
        PARTIAL,
        "except UNREADABLE:",
        "except ():",
        (f"{LOOKS}test_a_year_that_nothing_reaches_is_shown_although_the_zone_cannot_be_read[7]",),
    ),
    Guard(
        "a seal is over the data too",
        SEALED,
        "blake2b(data, digest_size=16)",
        'blake2b(b"", digest_size=16)',
        (f"{SEALS}test_where_the_data_were_changed_they_are_shown",),
    ),
    Guard(
        "a seal is of one year",
        SEALED,
        "|{view.get('year')}",
        "",
        (f"{SEALS}test_what_belongs_to_another_year_is_not_taken_for_this_one",),
    ),
    Guard(
        "a stored text that is not of its data is found",
        "chalicelib/services/refresh/display_check.py",
        " and stored.text in (None, json_text(fresh.data))",
        "",
        (f"{SEALS}test_where_text_or_seal_was_changed_the_data_are_shown[monthly|2023|c2-another text]",),
    ),
    Guard(
        "settings that are found by their id are their owner's",
        "chalicelib/repositories/settings.py",
        "each.get(OWNER) == user_id",
        "each",
        (f"{SEALS}test_settings_under_an_id_that_say_to_be_anothers_do_not_count",),
    ),
)
