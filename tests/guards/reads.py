"""The guards of reads that do without the readings."""

from tests.guards.guard import Guard

DISPLAY = "chalicelib/services/display/display.py"
YEARS = "tests/integration/refresh/test_years_not_stored.py::"
LOOKS = "tests/integration/refresh/test_commands_of_reads.py::"
PARTS = "tests/integration/refresh/test_partial_snapshots.py::"
PLACES = "tests/integration/repositories/test_partial_looks.py::"
PARTIAL = "chalicelib/repositories/partial_snapshots.py"
ABSENCE = "chalicelib/repositories/absence.py"
ABSENCES = "tests/integration/repositories/test_absence.py::"
NEAR = "chalicelib/repositories/near_readings.py"
UNCHANGED = "chalicelib/domain/calculation/unchanged.py"
SAME = "tests/unit/domain/calculation/test_unchanged.py::"
INTERPOLATED = "test_an_interpolated_month_is_reached_from_the_first_to_the_last_point_that_it_comes_from"
A_DAMAGED_VIEW = "test_a_damaged_view_says_nothing_of_the_register_so_all_readings_are_read"
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
        '"$cond": [_is_small(few),',
        '"$cond": [True,',
        (f"{LOOKS}test_the_series_of_a_small_meter_comes_with_its_head[1824-0]",),
    ),
    Guard(
        "a meter is known to have no readings by a look at them",
        ABSENCE,
        " or found[energy_type.value]:",
        ":",
        (
            f"{LOOKS}test_readings_of_a_meter_that_was_lost_are_shown_all_the_same",
            f"{ABSENCES}test_of_a_meter_that_was_lost_nothing_is_known[damage0-a view]",
        ),
    ),
    Guard(
        "that a meter has no readings is known where the new side is complete",
        ABSENCE,
        "sync.reads(Backend.NEW) is not Side.NEW",
        "False",
        (f"{ABSENCES}test_it_is_known_where_the_new_side_is_complete[dual_write-old-False-a view]",),
    ),
    Guard(
        "readings are looked at where a meter is missing alone",
        ABSENCE,
        '{"$limit": len(wanted)}',
        '{"$limit": 9}',
        (f"{ABSENCES}test_while_the_meter_is_there_nobody_looks_at_readings[a view]",),
    ),
    Guard(
        "of a missing meter's readings one is looked at, however many there are",
        ABSENCE,
        ', match, {"$limit": 1})',
        ", match)",
        (f"{ABSENCES}test_of_many_readings_one_is_looked_at",),
    ),
    Guard(
        "a mode that has changed in the middle of a look is no outage",
        ABSENCE,
        "suppress(LostModeError, *UNREADABLE)",
        "suppress(*UNREADABLE)",
        (f"{ABSENCES}test_a_mode_that_cannot_be_read_is_asked_closer[damage0-a view]",),
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
        (f"{PARTS}test_figures_of_some_readings_are_those_of_all[0-0-0.0-0.5]",),
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
        NEAR,
        "self._found(looks, self._within(first, last))",
        "self._found(looks)",
        (f"{PARTS}test_what_fell_among_several_changes_is_seen",),
    ),
    Guard(
        "a slope depends on four weeks beyond what is asked for",
        PARTIAL,
        "[*instants, *exchanges, *expected.values()]",
        "[*instants, *exchanges]",
        (f"{PARTS}test_the_slope_beyond_the_last_reading_is_that_of_four_weeks",),
    ),
    Guard(
        "where an end of the readings was deleted the slope begins at the one before",
        PARTIAL,
        "if slopes != expected:",
        "if False:",
        (f"{PARTS}test_where_the_last_reading_was_deleted_the_slope_is_that_of_the_one_before",),
    ),
    Guard(
        "a slope says nothing beyond its horizon",
        PARTIAL,
        "instant <= points.last + HORIZON_MS",
        "True",
        (f"{PLACES}test_beyond_where_a_slope_says_something_it_takes_the_nearest_reading_alone",),
    ),
    Guard(
        "what has changed may lie beyond all that is displayed",
        PARTIAL,
        "[*(shown or ()), *(changed or ()), *exchanges]",
        "[*(shown or ()), *exchanges]",
        (f"{PLACES}test_where_nothing_was_displayed_the_register_did_not_fall",),
    ),
    Guard(
        "of more changes than are looked up nothing is taken",
        NEAR,
        "return found if sum(first <= reading.instant <= last for reading in found) <= CHANGED else None",
        "return found",
        (f"{PLACES}test_of_more_changes_than_are_looked_up_nothing_is_taken[1-None]",),
    ),
    Guard(
        "where a neighbour cannot be read the next one counts",
        NEAR,
        'if any(flaws_in(document) for document in found if "_id" in document):',
        "if False:",
        (f"{PLACES}test_what_cannot_be_read_is_passed_over[57]",),
    ),
    Guard(
        "a view of a snapshot is believed by its seal",
        PARTIAL,
        'if is_sealed and view["dataType"] == kind]',
        'if view["dataType"] == kind]',
        (f"{PARTS}{A_DAMAGED_VIEW}[monthly|2021|c2-2021-seal]", f"{PARTS}{A_DAMAGED_VIEW}[histogram|-|c2-2022-seal]"),
    ),
    Guard(
        "a view of a snapshot is the one that its id names",
        PARTIAL,
        "for view in sealed if is_believable(view, head.meter, is_sealed=True)}",
        "for view in sealed}",
        (f"{PARTS}test_a_month_of_an_older_calculation_counts_as_little_as_one_of_another_person",),
    ),
    Guard(
        "a stored month is shown where no change reaches it",
        PARTIAL,
        "ALL_MONTHS if changed is None else unchanged_months(shown, changed, head.settings.zone)",
        "ALL_MONTHS",
        (f"{PARTS}test_months_that_nothing_reaches_are_shown_as_they_are_stored_with_the_others_beside_them[0]",),
    ),
    Guard(
        "some views come with the head of a large meter alone",
        "chalicelib/repositories/snapshot_head.py",
        '{"$or": ["$$isLarge", {"$in": ["$_id", {"$literal": [*views]}]}]}',
        "{}",
        (f"{PLACES}test_some_views_of_a_large_meter_alone_come_with_its_head[21-found0]",),
    ),
    Guard(
        "a month is reached by a change between the points that it comes from",
        UNCHANGED,
        " and not _reaches(changed, first, _last(end, sources))",
        "",
        (f"{SAME}{INTERPOLATED}[first9-last9-expected9]",),
    ),
    Guard(
        "a month is reached by a change of the first point behind it",
        UNCHANGED,
        "changed.first <= last",
        "changed.first < last",
        (f"{SAME}{INTERPOLATED}[first0-None-expected0]",),
    ),
    Guard(
        "a month is reached by a change of the last point before it",
        UNCHANGED,
        "changed.last >= first",
        "changed.last > first",
        (f"{SAME}{INTERPOLATED}[first0-None-expected0]", f"{SAME}{INTERPOLATED}[first8-last8-expected8]"),
    ),
    Guard(
        "a month is reached as far as the points lie that it comes from",
        UNCHANGED,
        "max([end + REACH_MS, *sources])",
        "end + REACH_MS",
        (f"{SAME}{INTERPOLATED}[first0-None-expected0]",),
    ),
    Guard(
        "near an end that is measured something nearer may come",
        UNCHANGED,
        "max([end + REACH_MS, *sources])",
        "max([end, *sources])",
        (f"{SAME}test_near_a_measured_end_nothing_may_come_that_is_nearer",),
    ),
    Guard(
        "a month on a slope is reached by everything",
        UNCHANGED,
        'frozenset({"measured", "interpolated"})',
        'frozenset({"measured", "interpolated", "extrapolated"})',
        (f"{SAME}test_a_month_that_depends_on_a_slope_or_has_no_consumption_is_reached_by_everything",),
    ),
    Guard(
        "where January begins is not known from its year alone",
        UNCHANGED,
        "first = FIRST_INSTANT",
        'first = month_boundary(year["year"] - 1, 12, zone)',
        (f"{SAME}{INTERPOLATED}[first6-None-expected6]",),
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
        " or any(is_ahead(view, head.meter) for view, _ in head.views)",
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
