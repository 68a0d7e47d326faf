"""Guards of the migration's code; they go with it."""

from tests.guards.guard import Guard

WRITE_DIES = (
    "tests/integration/crashes/test_crash_points.py::"
    "test_wherever_a_write_or_its_handler_dies_both_are_whole_or_not_done_and_the_sweeper_does_the_rest"
)
FAULTS = "tests/integration/two_at_once/test_faults.py::"
LOST = f"{FAULTS}test_whatever_gets_lost_the_display_shows_what_it_says_and_the_sweeper_the_rest"
MEET = f"{FAULTS}test_wherever_two_meet_the_display_shows_what_it_says_and_is_right_in_the_end"
STORE = "tests/contract/test_store.py::"
ORIGINALS = "tests/integration/sync/test_damaged_originals.py::"
READABLE = "tests/integration/repositories/test_readable_readings.py::"
LOST_MODE = "tests/integration/sync/test_lost_mode.py::"
CLOCKS = "tests/integration/sync/test_clocks.py::"
CONTROL_STATE = "tests/integration/sync/test_damaged_control.py::"
FORMER_RELEASE = "tests/integration/calculation_versions/test_former_release.py::"
VERSIONS = "tests/integration/calculation_versions/test_calculation_versions.py::"
METERS = "tests/integration/refresh/test_damaged_meters.py::"
READ_OVER = f"{METERS}test_a_damage_is_read_over_named_and_mended"
WRITTEN_OVER = f"{METERS}test_a_write_and_its_refresh_work_and_show_the_right_figures"
RESTORED = f"{METERS}test_after_a_restore_of_a_part_no_version_comes_back"
COMPARER = "tests/unit/services/migration/comparison/test_comparer.py::"
FLAGS = "tests/unit/flags/changes/"
ERASED = "tests/integration/account/test_erasure.py::"
IN_FLIGHT = "tests/integration/account/test_in_flight.py::"
NEWCOMER = f"{IN_FLIGHT}test_a_transaction_that_began_before_the_fence_cannot_commit_behind_it[of a newcomer"
RESTORED_DATABASE = "tests/integration/infra/backup/test_restored.py::"

OF_THE_MIGRATION = (
    Guard(
        "the condition displayVersion < v",
        "chalicelib/repositories/calculation_marks.py",
        'return {"displayVersion": {"$lt": version}, "$expr"',
        'return {"$expr"',
        (
            f"{STORE}test_a_slow_refresh_cannot_overwrite_a_newer_one_nor_bring_a_deleted_year_back[mongo]",
            f"{MEET}[a function, and a faster one that takes a year away]",
        ),
    ),
    Guard(
        "the fence of an erased account, in every write of a reading",
        "chalicelib/repositories/prefetch.py",
        'others = {"_id": {"$in": [MODE_CHANGES, fence_id(user_id)]}}',
        'others = {"_id": {"$in": [MODE_CHANGES]}}',
        (
            f"{ERASED}test_until_it_opens_every_write_is_refused_and_then_the_person_begins_anew[dual_write]",
            f"{IN_FLIGHT}test_wherever_an_account_is_erased_in_the_middle_of_something_nothing_stays[create]",
        ),
    ),
    Guard(
        "the fence of an erased account, in every other write",
        "chalicelib/repositories/prefetch.py",
        "sync_state(control.database, session, [user_id])",
        "sync_state(control.database, session)",
        (
            f"{ERASED}test_until_it_opens_every_write_is_refused_and_then_the_person_begins_anew[dual_write]",
            f"{IN_FLIGHT}test_wherever_an_account_is_erased_in_the_middle_of_something_nothing_stays[import_file]",
        ),
    ),
    Guard(
        "the write of the fence that a write under way meets",
        "chalicelib/repositories/erasure.py",
        "done = self._database[name].replace_one(same, document, upsert=True, session=session)",
        'done = self._database[name].update_one({"_id": None}, {"$set": {"x": 1}}, session=session)',
        (f"{NEWCOMER}-mark_a_meter]", f"{NEWCOMER}-choose_a_zone]"),
    ),
    Guard(
        "the fence before a meter begins again",
        "chalicelib/repositories/display.py",
        "sync_state(self._database, session, [user_id])",
        "pass",
        (f"{IN_FLIGHT}test_wherever_an_account_is_erased_in_the_middle_of_something_nothing_stays[refresh_damaged]",),
    ),
    Guard(
        "the fence before sides are brought together",
        "chalicelib/repositories/reconcile.py",
        "sync = sync_state(database, session, meter[:1])",
        "sync = sync_state(database, session)",
        (f"{IN_FLIGHT}test_what_an_old_application_still_writes_behind_the_fence_makes_no_twin_and_no_meter",),
    ),
    Guard(
        "the snapshot that a refresh reads at",
        "chalicelib/repositories/queries.py",
        "start_session(snapshot=True)",
        "start_session()",
        (f"{MEET}[a function, and a correction of what it is about]",),
    ),
    Guard(
        "the snapshot that a comparison reads at",
        "chalicelib/repositories/whole_meters.py",
        "start_session(snapshot=True)",
        "start_session()",
        (
            "tests/integration/refresh/test_rebuild.py::"
            "test_what_is_written_while_a_meter_is_looked_at_is_no_difference",
        ),
    ),
    Guard(
        "the sweeper",
        "chalicelib/services/refresh/sweeper.py",
        "return is_ours and self._calculation.refresh(*claimed.key)",
        "return False",
        (f"{LOST}[all events]", f"{WRITE_DIES}[create]"),
    ),
    Guard(
        "the dirty range of all writes since",
        "chalicelib/repositories/meters.py",
        """"dirtyFrom": {"$min": ["$dirtyFrom", to_datetime(first)]},
            "dirtyTo": {"$max": ["$dirtyTo", to_datetime(last)]},""",
        """"dirtyFrom": to_datetime(first),
            "dirtyTo": to_datetime(last),""",
        (f"{STORE}test_each_change_counts_up_and_widens_the_dirty_range_but_keeps_its_beginning[mongo]",),
    ),
    Guard(
        "the dirty range of all writes since, of a meter that is known",
        "chalicelib/repositories/meters.py",
        '"$min": range_of, "$max": {"dirtyTo": to_datetime(last)}}',
        '"$set": range_of | {"dirtyTo": to_datetime(last)}}',
        (f"{LOST}[the event of the first of two writes]",),
    ),
    Guard(
        "the bound of a known meter's lag by the clock of the database",
        "chalicelib/repositories/meters.py",
        "since = min(to_datetime(now), to_datetime(self._read_at))",
        "since = to_datetime(now)",
        (f"{CLOCKS}test_a_meter_that_was_shown_lags_by_the_clock_of_the_database_too[ahead]",),
    ),
    Guard(
        "the version that a known meter has reached",
        "chalicelib/repositories/meters.py",
        'change = {"$inc": {"sourceVersion": 1},',
        'change = {"$inc": {"sourceVersion": 0},',
        (
            "tests/integration/repositories/test_prefetch.py::test_every_write_ends_as_if_nothing_had_been_prefetched[old_only-0]",
        ),
    ),
    Guard(
        "the mark of new settings on a meter before its first reading",
        "chalicelib/services/recording/configuration.py",
        "if moved or before != after:",
        "if before != after or (moved and energy_type in transaction.meters.types()):",
        (f"{MEET}[other settings, and the first reading with its function]",),
    ),
    Guard(
        "the dirty range of where a reading was",
        "chalicelib/services/recording/energy_crud.py",
        "first, last = sorted((before.instant, after.instant))",
        "first = last = after.instant",
        (f"{LOST}[none, and the reading moves to another year]",),
    ),
    Guard(
        "the dirty range of where its twin was",
        "chalicelib/repositories/dual_write_many.py",
        "if place and place != (known.type, known.instant):",
        "if False:",
        (
            f"{LOST}[none, and another application has moved the reading that goes]",
            f"{LOST}[none, and another application has made it another meter's]",
        ),
    ),
    Guard(
        "the dirty range of a write during a refresh",
        "chalicelib/repositories/meters.py",
        'clean = {"$eq": ["$sourceVersion", version]}',
        "clean = True",
        (
            f"{STORE}test_publishing_an_older_version_leaves_the_meter_dirty[mongo]",
            f"{MEET}[a function, and a write into another year]",
        ),
    ),
    Guard(
        "a reader believes a meter that keeps the invariants",
        "chalicelib/repositories/meters.py",
        "if not is_sound(meter):",
        "if False:",
        (f"{READ_OVER}[sourceVersion is missing]",),
    ),
    Guard(
        "a part is put beside figures of its own calculation only",
        "chalicelib/repositories/calculation_marks.py",
        '"$expr": {"$in": [SHOWN_BY, [0, calculation]]}}',
        '"$expr": {"$lt": [0, 1]}}',
        (f"{FORMER_RELEASE}test_a_part_is_not_put_over_what_the_former_release_has_published_meanwhile",),
    ),
    Guard(
        "a view of a meter that another calculation shows is not shown",
        "chalicelib/repositories/display.py",
        "for view, sealed in views if ours and is_believable(view, meter, is_sealed=sealed)]",
        "for view, sealed in views if is_believable(view, meter, is_sealed=sealed)]",
        (f"{VERSIONS}test_a_view_of_ours_that_is_left_beside_a_meter_without_a_mark_is_not_shown",),
    ),
    Guard(
        "a reader believes a view that agrees with its meter",
        "chalicelib/repositories/display.py",
        "for view, sealed in views if ours and is_believable(view, meter, is_sealed=sealed)]",
        "for view, _ in views if ours]",
        (f"{READ_OVER}[a view holds a double]", f"{READ_OVER}[a view holds another year]"),
    ),
    Guard(
        "a write begins a damaged meter again",
        "chalicelib/repositories/meters.py",
        "goes_on, begins = partial(change, SOUND),",
        "goes_on, begins = partial(change, {}),",
        (f"{READ_OVER}[sourceVersion is 'x']",),
    ),
    Guard(
        "a meter that comes back is above all that it was",
        "chalicelib/repositories/meters.py",
        "return None if is_left else change({}, upsert=True)",
        "return change({}, upsert=True)",
        (f"{WRITTEN_OVER}[the meter and all it shows are gone]",),
    ),
    Guard(
        "a view that is newer than its meter is not replaced as if it were older",
        "chalicelib/repositories/display.py",
        'older = {"sourceVersion": {"$lte": before["displayVersion"]}}',
        "older: Document = {}",
        (f"{RESTORED}[()]",),
    ),
    Guard(
        "figures of a damaged meter have a version of their own",
        "chalicelib/services/display/display.py",
        "version = unseen if snapshot.state.damaged else snapshot.state.source_version",
        "version = unseen if snapshot is None else snapshot.state.source_version",
        (f"{METERS}test_after_a_restore_of_a_part_no_version_comes_back[()]",),
    ),
    Guard(
        "the twin of a document that cannot be read",
        "chalicelib/repositories/reconcile.py",
        "keepable(found, wanted, present, self.unreadable)",
        "set()",
        (
            f"{ORIGINALS}test_no_job_takes_the_twin_of_a_damaged_document[{{'amount': 'abc'}}-sync]",
            f"{ORIGINALS}test_no_job_takes_the_twin_of_a_damaged_document[{{'userId': None}}-full difference]",
            f"{ORIGINALS}test_a_reading_that_became_a_double_keeps_its_twin",
        ),
    ),
    Guard(
        "the instant of a reading whose document cannot be read",
        "chalicelib/repositories/dual_write_many.py",
        "if self._of_damaged(there, taken):",
        "if False:",
        (
            f"{ORIGINALS}test_writes_to_a_damaged_reading_and_to_its_instant_are_refused_and_change_nothing"
            "[{'amount': 'abc'}]",
        ),
    ),
    Guard(
        "a damaged document of the instant of a reading that is deleted",
        "chalicelib/repositories/dual_write.py",
        "collection.delete_many(counted(self._at(reading.type, to_datetime(reading.instant), None)))",
        "collection.delete_many(self._at(reading.type, to_datetime(reading.instant), None))",
        (f"{ORIGINALS}test_deleting_a_reading_leaves_a_damaged_document_of_its_instant",),
    ),
    Guard(
        "the readable instants reach as far as local dates do",
        "chalicelib/domain/readings/__init__.py",
        "FIRST_READABLE = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) - timedelta(days=1)",
        "FIRST_READABLE = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)",
        (f"{READABLE}test_the_first_local_day_of_the_kept_years_is_taken_once_and_shown",),
    ),
    Guard(
        "an operator who is overtaken gets an error",
        "chalicelib/flags/changes/publishing.py",
        "return Sight.BEFORE if version == before else Sight.ANOTHER",
        "return Sight.BEFORE",
        (
            f"{FLAGS}test_two_operators.py::"
            "test_who_is_overtaken_after_the_deployment_learns_at_once_by_whom_and_to_what[0]",
        ),
    ),
    Guard(
        "a change that is overtaken while it is waited for is not in effect",
        "chalicelib/flags/changes/publishing.py",
        "lambda: look() in (Sight.OURS, Sight.NOTHING)",
        "lambda: True",
        (
            f"{FLAGS}test_two_operators.py::"
            "test_who_is_overtaken_after_the_deployment_learns_at_once_by_whom_and_to_what[1]",
        ),
    ),
    Guard(
        "nobody rises by a restored flag document",
        "chalicelib/flags/changes/apply.py",
        "if any(rises(before.flag(name, now), flag) for name, flag in after.flags.items()):",
        "if False:",
        (f"{FLAGS}test_restore.py::test_nobody_is_sent_to_the_new_backend_again_before_the_data_allow_it",),
    ),
    Guard(
        "a flag document that is newer than the record stays",
        "chalicelib/flags/changes/apply.py",
        "if base.config_version > (found.change.config_version or 0):",
        "if False:",
        (f"{FLAGS}test_restore.py::test_what_was_deployed_without_a_record_is_not_taken_away",),
    ),
    Guard(
        "nobody uses a half restored database",
        "infra/operations/backup/data.py",
        'mode = {"_id": SYNC_MODE, "mode": RESTORING,',
        'mode = {"_id": SYNC_MODE, "mode": "dual_write",',
        (f"{RESTORED_DATABASE}test_a_restore_that_is_killed_leaves_nothing_open_and_goes_on[1]",),
    ),
    Guard(
        "versions go on after a restore",
        "infra/operations/backup/data.py",
        '"sourceVersion": Int64(max(document["sourceVersion"] + 1, at)),',
        '"sourceVersion": document["sourceVersion"],',
        (f"{RESTORED_DATABASE}test_no_version_of_before_comes_again_with_other_content",),
    ),
    Guard(
        "the outage where a mode that there was is missing",
        "chalicelib/repositories/control.py",
        "if trace := next(traces(database), None):",
        "if trace := None:",
        (
            f"{LOST_MODE}test_nobody_is_answered_from_a_side_that_may_be_wrong[gone]",
            f"{LOST_MODE}test_each_trace_alone_says_that_there_was_a_mode[a new reading]",
        ),
    ),
    Guard(
        "the outage where the mode is older than its history",
        "chalicelib/repositories/control.py",
        "_check_newest(state, changes_of(documents.get(MODE_CHANGES)))",
        "documents.get(MODE_CHANGES)",
        (f"{LOST_MODE}test_an_older_document_in_its_place_is_none",),
    ),
    Guard(
        "the side that catches up after a recovery",
        "chalicelib/domain/migration/sync/recovery.py",
        "return SyncState(last.mode).authoritative if last.mode in _ALONE else last.catching_up",
        "return None",
        (f"{LOST_MODE}test_the_side_that_catches_up_is_still_right_after_a_recovery",),
    ),
    Guard(
        "the beginning of a mode by the clock of the database",
        "chalicelib/repositories/sync_control.py",
        '"since": self._now}',
        '"since": {"$subtract": ["$$NOW", 60_000]}}',
        (f"{CLOCKS}test_a_drain_takes_as_long_for_everybody[0-behind]",),
    ),
    Guard(
        "the bound of a meter's lag by the clock of the database",
        "chalicelib/repositories/meters.py",
        '"dirtySince": {"$min": ["$dirtySince", to_datetime(now), "$$NOW"]},',
        '"dirtySince": {"$min": ["$dirtySince", to_datetime(now)]},',
        (f"{CLOCKS}test_an_event_has_its_time_to_arrive_and_no_more[ahead]",),
    ),
    Guard(
        "the digest of a position in the stream of changes",
        "chalicelib/repositories/change_feed.py",
        'position.get("digest") == self._digest(token) and',
        "",
        (f"{CONTROL_STATE}test_a_position_in_another_stream_is_none",),
    ),
    Guard(
        "the whole reading of what a comparison found",
        "chalicelib/repositories/sync_documents.py",
        "    differences: int\n    up_to: int | None = None\n    first_seen",
        "    differences: Any\n    up_to: int | None = None\n    first_seen",
        (f"{CONTROL_STATE}test_a_comparison_that_cannot_be_read_proves_nothing[{{'differences': None}}]",),
    ),
    Guard(
        "the attempt that is counted before feedback is compared",
        "chalicelib/services/migration/comparison/runs.py",
        "if self._feedback.attempt(feedback, self._clock()):",
        "if True:",
        (f"{COMPARER}test_feedback_that_ends_the_process_ends_no_more_than_a_few_runs",),
    ),
    Guard(
        "what the global gate says is asked again of another document",
        "chalicelib/flags/decisions/evaluation.py",
        "if self._gate is None or self._gate[0] is not loaded:",
        "if self._gate is None:",
        ("tests/unit/flags/decisions/test_decisions.py::test_the_global_gate_is_that_of_the_document_that_counts_now",),
    ),
)
