"""The guards: where each stands in the code, what stands there when it is taken out, and which tests must notice."""

from tests.guards.gate import GATE
from tests.guards.gate_evidence import GATE_EVIDENCE
from tests.guards.guard import Guard
from tests.guards.reads import READS
from tests.guards.rollouts import ROLLOUTS
from tests.guards.tokens import TOKENS

WRITE_DIES = (
    "tests/integration/crashes/test_crash_points.py::"
    "test_wherever_a_write_or_its_handler_dies_both_are_whole_or_not_done_and_the_sweeper_does_the_rest"
)
JOB_DIES = (
    "tests/integration/crashes/test_crash_points.py::"
    "test_wherever_a_job_dies_no_meter_is_half_shown_and_the_sweeper_does_the_rest"
)
FAULTS = "tests/integration/two_at_once/test_faults.py::"
LOST = f"{FAULTS}test_whatever_gets_lost_the_display_shows_what_it_says_and_the_sweeper_the_rest"
MEET = f"{FAULTS}test_wherever_two_meet_the_display_shows_what_it_says_and_is_right_in_the_end"
STORE = "tests/contract/test_store.py::"
SERIES = "tests/integration/refresh/test_compact_series.py::"
SWEEPER = "tests/integration/refresh/test_sweeper.py::"
ORIGINALS = "tests/integration/sync/test_damaged_originals.py::"
READABLE = "tests/integration/repositories/test_readable_readings.py::"
LOST_MODE = "tests/integration/sync/test_lost_mode.py::"
CLOCKS = "tests/integration/sync/test_clocks.py::"
CONTROL_STATE = "tests/integration/sync/test_damaged_control.py::"
TARGETS = "tests/integration/infra/test_targets.py::"
VERSIONS = "tests/integration/calculation_versions/test_calculation_versions.py::"
ANOTHER_SYSTEM = f"{TARGETS}test_a_database_of_another_system_is_refused_and_nothing_is_changed"
COMMANDS = "tests/unit/infra/test_command_line.py::"
MIGRATIONS = "tests/integration/migrations/test_migrations.py::"
METERS = "tests/integration/refresh/test_damaged_meters.py::"
READ_OVER = f"{METERS}test_a_damage_is_read_over_named_and_mended"
WRITTEN_OVER = f"{METERS}test_a_write_and_its_refresh_work_and_show_the_right_figures"
RESTORED = f"{METERS}test_after_a_restore_of_a_part_no_version_comes_back"
SILENT = "tests/integration/repositories/test_silent_connections.py::"
REPLAY = "tests/integration/refresh/test_replay.py::"
REPAIR = "tests/integration/sync/test_repair.py::"
SYNC_JOB = "tests/integration/sync/test_sync_job.py::"
UNDONE = "tests/integration/sync/test_undone_imports.py::"
PUBLISHER = "tests/unit/events/test_publisher.py::"
COMPARER = "tests/unit/services/comparison/test_comparer.py::"
FLAGS = "tests/unit/flags/changes/"
GATED = f"{FLAGS}test_gated.py::"
CARRYING = "tests/unit/services/rollouts/test_carrying.py::"
DESK = "tests/unit/services/rollouts/test_desk.py::"
ERASED = "tests/integration/account/test_erasure.py::"
IN_FLIGHT = "tests/integration/account/test_in_flight.py::"
NEWCOMER = f"{IN_FLIGHT}test_a_transaction_that_began_before_the_fence_cannot_commit_behind_it[of a newcomer"
DIES = "tests/integration/account/test_crashes.py::test_wherever_an_erasure_dies_the_scheduled_function_ends_it"
BACKUP = "tests/integration/infra/test_backup.py::"
HISTORY = "tests/integration/infra/history/test_history.py::"
JUDGE = "tests/unit/infra/drills/history/test_checker.py::"
BACKUP_FILE = "tests/unit/infra/operations/test_backup_file.py::"
# Goes on working without any of them: a guard that is out breaks nothing as long as nothing goes wrong.
CONTROL = "tests/integration/refresh/test_refresh.py::test_a_real_household_is_imported_and_shown"


GUARDS = (
    *GATE,
    *GATE_EVIDENCE,
    *READS,
    *ROLLOUTS,
    *TOKENS,
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
        "what is read by itself is in the next snapshot",
        "chalicelib/repositories/database.py",
        ", read_concern=COMMITTED)",
        ")",
        ("tests/integration/repositories/test_committed_reads.py::test_a_snapshot_holds_what_was_read_before_it",),
    ),
    Guard(
        "the transaction of a write",
        "chalicelib/repositories/transactions.py",
        """return in_transaction(
            self._database, self._timeout, lambda session: work(self._bound(user_id, session, release=release))
        )""",
        """with time_limit(self._timeout), self._database.client.start_session() as session:
            return work(self._bound(user_id, session, release=release))""",
        (
            f"{STORE}test_an_exception_takes_the_whole_unit_of_work_back[mongo]",
            f"{WRITE_DIES}[create]",
            f"{WRITE_DIES}[import_file]",
        ),
    ),
    Guard(
        "the fence of an erased account, in every write",
        "chalicelib/repositories/transactions.py",
        "sync = sync_state(self._database, session, [user_id])",
        "sync = sync_state(self._database, session)",
        (
            f"{ERASED}test_until_it_opens_every_write_is_refused_and_then_the_person_begins_anew[dual_write]",
            f"{IN_FLIGHT}test_wherever_an_account_is_erased_in_the_middle_of_something_nothing_stays[create]",
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
        "the look at the fence in each step of an erasure",
        "chalicelib/repositories/erasure.py",
        "raise _OverError",
        "pass",
        (f"{ERASED}test_an_erasure_that_hung_takes_nothing_of_a_new_beginning[1]",),
    ),
    Guard(
        "the count of an erasure in the transaction of its step",
        "chalicelib/repositories/erasure.py",
        """            counts = {f"deleted.{name}": work(session) for name, work in works}
            same""",
        """            counts = {f"deleted.{name}": work(None) for name, work in works}
            same""",
        (f"{DIES}[dual_write]",),
    ),
    Guard(
        "the transaction of a refresh",
        "chalicelib/repositories/display.py",
        "return in_transaction(self._database, self._timeout, work)",
        """with time_limit(self._timeout), self._database.client.start_session() as session:
                return work(session)""",
        (f"{WRITE_DIES}[create]", f"{JOB_DIES}[sweeper]"),
    ),
    Guard(
        "the snapshot that a refresh reads at",
        "chalicelib/repositories/queries.py",
        "start_session(snapshot=True)",
        "start_session()",
        (
            f"{MEET}[a function, and a correction of what it is about]",
            f"{MEET}[a function, and other settings]",
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
        "the sweeper's claim before it refreshes",
        "chalicelib/services/refresh/sweeper.py",
        "is_ours = self._lagging.claim(meter, now() + claimed.pause_ms)",
        "is_ours = True",
        (f"{SWEEPER}test_a_meter_on_which_the_process_dies_costs_one_attempt_and_not_the_next_run",),
    ),
    Guard(
        "the dirty range of all writes since",
        "chalicelib/repositories/meters.py",
        """"dirtyFrom": {"$min": ["$dirtyFrom", to_datetime(first)]},
            "dirtyTo": {"$max": ["$dirtyTo", to_datetime(last)]},""",
        """"dirtyFrom": to_datetime(first),
            "dirtyTo": to_datetime(last),""",
        (
            f"{STORE}test_each_change_counts_up_and_widens_the_dirty_range_but_keeps_its_beginning[mongo]",
            f"{LOST}[the event of the first of two writes]",
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
        "a stack that never came up is no target",
        "infra/targets/target.py",
        "    if layout.was_brought_up:\n",
        "    if True:\n",
        (
            f"{TARGETS}test_a_typing_error_in_the_name_changes_no_other_stack",
            f"{COMMANDS}test_a_name_that_does_not_exist_is_refused_by_every_command[-command5]",
        ),
    ),
    Guard(
        "a database and a stack or stage are one system",
        "infra/targets/same_system.py",
        "    if not is_same:\n",
        "    if False:\n",
        (
            f"{ANOTHER_SYSTEM}[--name=sample-another server]",
            f"{ANOTHER_SYSTEM}[--stage=dev-another database]",
        ),
    ),
    Guard(
        "the target is printed before a change",
        "infra/targets/options.py",
        "                target.announce()\n",
        "                pass\n",
        (
            f"{TARGETS}test_the_target_is_printed_before_it_is_changed",
            f"{MIGRATIONS}test_the_target_is_printed_before_a_change_and_never_its_password",
        ),
    ),
    Guard(
        "a yes before a stack is ended",
        "infra/operations/stack.py",
        'confirm(f"This ends {running}. The data stays", yes=yes)',
        "pass",
        (f"{COMMANDS}test_down_shows_what_it_ends_and_ends_nothing_without_a_yes",),
    ),
    Guard(
        "a yes before scripts are reverted",
        "infra/operations/migrate/commands.py",
        'confirm(f"This reverts {_touched(planned)} in {target}", yes=yes)',
        "pass",
        (f"{MIGRATIONS}test_down_shows_what_it_reverts_and_reverts_nothing_without_a_yes",),
    ),
    Guard(
        "a yes before all dead letters are discarded",
        "infra/operations/dead_letters/commands.py",
        """confirm(f"This discards {counted(len(letters), 'dead letter')} for good", yes=yes)""",
        "pass",
        (f"{TARGETS}test_all_dead_letters_are_shown_and_discarded_after_a_yes",),
    ),
    Guard(
        "the script that down goes to remains applied",
        "migrations/runner.py",
        "if script.name > end.name",
        "if script.name >= end.name",
        (f"{MIGRATIONS}test_the_script_that_down_goes_to_remains_applied",),
    ),
    Guard(
        "a blank is no reason",
        "infra/operations/reason.py",
        "    if not reason.strip():\n",
        "    if False:\n",
        (f"{COMMANDS}test_a_reason_that_says_nothing_is_refused_before_anything_happens[command2-]",),
    ),
    Guard(
        "the retry of failed PutEvents entries",
        "chalicelib/events/eventbridge.py",
        "ATTEMPTS = 3",
        "ATTEMPTS = 1",
        (f"{PUBLISHER}test_only_the_entries_that_failed_are_sent_again",),
    ),
    Guard(
        "a write outlives a bus that fails",
        "chalicelib/events/eventbridge.py",
        "except Exception as error:",
        "except ZeroDivisionError as error:",
        (f"{PUBLISHER}test_a_bus_that_stays_down_never_fails_the_caller_and_is_counted[down0]",),
    ),
    Guard(
        "the compact series is of the displayed version",
        "chalicelib/repositories/series.py",
        'return bool(series.get("version") == meter["displayVersion"])',
        "return True",
        (f"{SERIES}test_a_series_of_another_version_than_what_is_displayed_is_not_believed",),
    ),
    Guard(
        "the digest of the compact series",
        "chalicelib/repositories/series.py",
        'if digest_of(digests) != meter["series"]["digest"]:',
        "if False:",
        (f"{SERIES}test_a_series_with_another_amount_is_not_believed",),
    ),
    Guard(
        "a reader believes a meter that keeps the invariants",
        "chalicelib/repositories/meters.py",
        "if not is_sound(meter):",
        "if False:",
        (f"{READ_OVER}[displayVersion is above sourceVersion]",),
    ),
    Guard(
        "a part is put beside figures of its own calculation only",
        "chalicelib/repositories/calculation_marks.py",
        '"$expr": {"$in": [SHOWN_BY, [0, calculation]]}}',
        '"$expr": {"$lt": [0, 1]}}',
        (f"{VERSIONS}test_a_part_is_not_put_over_what_the_former_release_has_published_meanwhile",),
    ),
    Guard(
        "an older calculation leaves alone what a newer one shows",
        "chalicelib/repositories/calculation_marks.py",
        '"$expr": {"$or": [{"$lt": [SHOWN_BY, calculation]}, older]}}',
        '"$expr": {"$or": [{"$lt": [0, 1]}, older]}}',
        (f"{STORE}test_an_older_calculation_never_publishes_over_a_newer_one[mongo]",),
    ),
    Guard(
        "a view of a meter that another calculation shows is not shown",
        "chalicelib/repositories/display.py",
        "for view in views if ours and is_believable(view, meter)]",
        "for view in views if is_believable(view, meter)]",
        (f"{VERSIONS}test_a_view_of_ours_that_is_left_beside_a_meter_without_a_mark_is_not_shown",),
    ),
    Guard(
        "a reader believes a view that agrees with its meter",
        "chalicelib/repositories/display.py",
        "for view in views if ours and is_believable(view, meter)]",
        "for view in views if ours]",
        (f"{READ_OVER}[a view holds a double]", f"{READ_OVER}[a view holds another year]"),
    ),
    Guard(
        "a write begins a damaged meter again",
        "chalicelib/repositories/meters.py",
        "meter = self._changed(known | SOUND, first, last, now)",
        "meter = self._changed(known, first, last, now)",
        (f"{WRITTEN_OVER}[behind without anything dirty]",),
    ),
    Guard(
        "a meter that comes back is above all that it was",
        "chalicelib/repositories/meters.py",
        "if meter is None and self._begins(energy_type, now):",
        "if meter is None:",
        (f"{WRITTEN_OVER}[the meter is gone]",),
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
        "version = unseen if state.damaged else state.source_version",
        "version = unseen if state is None else state.source_version",
        (f"{WRITTEN_OVER}[the meter is gone]",),
    ),
    Guard(
        "the heartbeat that notices a silent connection",
        "chalicelib/repositories/database.py",
        '"heartbeatFrequencyMS": 500, "connectTimeoutMS": 1_500, ',
        "",
        (f"{SILENT}test_a_reader_gets_an_answer_within_the_time_of_a_read",),
    ),
    Guard(
        "a replay sends again what the bus did not take",
        "chalicelib/services/refresh/replay.py",
        "for seconds in PAUSES_SECONDS:",
        "for seconds in ():",
        (f"{REPLAY}test_what_the_bus_does_not_take_is_sent_again_with_growing_pauses",),
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
        "chalicelib/domain/readings.py",
        "FIRST_READABLE = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) - timedelta(days=1)",
        "FIRST_READABLE = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)",
        (f"{READABLE}test_the_first_local_day_of_the_kept_years_is_taken_once_and_shown",),
    ),
    Guard(
        "an operator who is overtaken is told",
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
        "if any(rises(before.flag(name, 0), flag) for name, flag in after.flags.items()):",
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
        "the one moment of a backup",
        "infra/operations/backup/data.py",
        "start_session(snapshot=True)",
        "start_session()",
        (f"{BACKUP}test_what_is_backed_up_is_of_one_moment_while_people_write",),
    ),
    Guard(
        "the digest of a backup",
        "infra/operations/backup/file.py",
        'if (last["sha256"], last["counts"]) != (digest.hexdigest(), dict(counts)):',
        "if False:",
        (f"{BACKUP_FILE}test_an_edited_file_is_refused_with_what_is_wrong[a value]",),
    ),
    Guard(
        "a backup that is there stays",
        "infra/operations/backup/file.py",
        "if path.exists():",
        "if False:",
        (f"{BACKUP_FILE}test_a_backup_that_is_there_is_not_overwritten",),
    ),
    Guard(
        "a restore goes into an empty database",
        "infra/operations/backup/data.py",
        "if found := occupied(database):",
        "if found := dict[str, int]():",
        (
            f"{BACKUP}test_a_database_with_data_is_refused_and_named[a reading-True]",
            f"{BACKUP}test_a_write_in_the_last_moment_opens_the_database_again",
        ),
    ),
    Guard(
        "nobody uses a half restored database",
        "infra/operations/backup/data.py",
        'mode = {"_id": SYNC_MODE, "mode": RESTORING,',
        'mode = {"_id": SYNC_MODE, "mode": "dual_write",',
        (f"{BACKUP}test_a_restore_that_is_killed_leaves_nothing_open_and_goes_on[1]",),
    ),
    Guard(
        "who writes during a restore is noticed",
        "infra/operations/backup/data.py",
        "if there != wanted and not expired:",
        "if False:",
        (f"{BACKUP}test_who_writes_meanwhile_is_noticed",),
    ),
    Guard(
        "versions go on after a restore",
        "infra/operations/backup/data.py",
        '"sourceVersion": Int64(max(document["sourceVersion"] + 1, at)),',
        '"sourceVersion": document["sourceVersion"],',
        (f"{BACKUP}test_no_version_of_before_comes_again_with_other_content",),
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
        "chalicelib/domain/sync/recovery.py",
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
        "chalicelib/services/comparison/runs.py",
        "if self._feedback.attempt(feedback, self._clock()):",
        "if True:",
        (f"{COMPARER}test_feedback_that_ends_the_process_ends_no_more_than_a_few_runs",),
    ),
    Guard(
        "the limit of deletions in the transaction that deletes",
        "chalicelib/repositories/reconcile.py",
        "if len(difference.gone) > deletes:",
        "if False:",
        (
            f"{REPAIR}test_nothing_is_kept_of_a_transaction_that_fails",
            f"{REPAIR}test_the_backfill_takes_no_crowd_of_twins_away",
        ),
    ),
    Guard(
        "no mass deletion by a job",
        "chalicelib/services/sync/deletions.py",
        "if deleted > DELETES_UNASKED and deleted * 2 >= written:",
        "if False:",
        (
            f"{REPAIR}test_the_job_deletes_no_crowd_of_twins_by_itself_and_says_so[by the stream]",
            f"{REPAIR}test_way_back_from_new_only_stops_before_it_empties_the_old_side",
        ),
    ),
    Guard(
        "no first meter where most of the side that is believed is gone",
        "chalicelib/services/sync/sync_job.py",
        "if there - here > DELETES_UNASKED and here * 2 < there:",
        "if False:",
        (f"{SYNC_JOB}test_before_its_first_run_a_renamed_collection_costs_small_meters_nothing",),
    ),
    Guard(
        "the number that a mass deletion needs",
        "infra/operations/repair.py",
        "if plan.needs_number and wish.allow_deletes is None:",
        "if False:",
        (f"{REPAIR}test_without_the_jobs_stop_a_repair_still_refuses_to_delete_so_much",),
    ),
    Guard(
        "the stop of the sync job holds for repair",
        "chalicelib/services/sync/consistency.py",
        """        if source is None or user_id is not None:
            check_answered(self._control)
""",
        "",
        (f"{REPAIR}test_a_stop_is_not_answered_by_one_users_repair_nor_by_a_side_that_catches_up",),
    ),
    Guard(
        "the stop of the sync job holds for a change of mode",
        "chalicelib/services/sync/sync_modes.py",
        """        check_answered(self._control)
""",
        "",
        (f"{REPAIR}test_no_mode_changes_while_the_job_is_stopped[old_only]",),
    ),
    Guard(
        "what is taken away is kept",
        "chalicelib/repositories/repaired.py",
        "    if entries:\n",
        "    if False:\n",
        (f"{REPAIR}test_an_undo_brings_back_what_was_deleted_and_overwritten_and_shows_it",),
    ),
    Guard(
        "an undo leaves what was changed since",
        "chalicelib/repositories/repaired.py",
        """        if entry["after"] != (later["before"] if later else present.get(entry["reading"])):""",
        "        if False:",
        (f"{REPAIR}test_an_undo_brings_back_what_was_deleted_and_overwritten_and_shows_it",),
    ),
    Guard(
        "a side that catches up is not believed",
        "chalicelib/services/sync/consistency.py",
        "if sync.catching_up and source is not sync.catching_up:",
        "if False:",
        (f"{REPAIR}test_a_stop_is_not_answered_by_one_users_repair_nor_by_a_side_that_catches_up",),
    ),
    Guard(
        "a side that lost most of its readings does not go on alone",
        "chalicelib/services/sync/sync_modes.py",
        "if there - here > DELETES_UNASKED:",
        "if False:",
        (f"{REPAIR}test_a_side_that_lost_most_of_its_readings_does_not_go_on_alone",),
    ),
    Guard(
        "an undo of an import leaves what was changed since",
        "chalicelib/services/recording/import_undo.py",
        "reading.updated_at == update and ",
        "",
        ("tests/unit/services/recording/test_import_undo.py::test_a_reading_that_was_changed_and_changed_back_stays",),
    ),
    Guard(
        "an undo of an import leaves what was changed without a word",
        "chalicelib/domain/imports/record.py",
        "return energy_type is self.type and self.written.get(instant) == amount",
        "return True",
        (
            f"{UNDONE}test_what_another_application_has_changed_since_stays_and_is_named"
            "[another amount-{}-old_only-3]",
        ),
    ),
    Guard(
        "an undo of an import leaves the doubles of another application",
        "chalicelib/repositories/dual_write_many.py",
        "collection.delete_many(counted(these))",
        "[collection.delete_many({'date': to_datetime(reading.instant)}) for reading in readings]",
        (f"{UNDONE}test_a_double_of_another_application_stays_and_the_imported_reading_goes[old_only-False]",),
    ),
    Guard(
        "an import belongs to whom it is",
        "chalicelib/repositories/transactions.py",
        "MongoImportRecords(scoped(Collections.IMPORTS)),",
        "MongoImportRecords(self._database[Collections.IMPORTS]),",
        (
            "tests/integration/repositories/test_other_users.py::"
            "test_no_route_shows_or_changes_anything_of_another_user[/v2/imports/{import_id}-DELETE]",
        ),
    ),
    Guard(
        "the sweeper names a meter by a pseudonym",
        "chalicelib/services/refresh/sweeper.py",
        'concerning(meter.id.rpartition("|")[0])',
        "pass",
        ("tests/functional/test_people_in_logs.py::test_the_sweeper_names_a_failing_meter_by_a_pseudonym",),
    ),
    Guard(
        "what a function raises names nobody",
        "chalicelib/handlers/event_function.py",
        "if (raised := presentable(error)) is error:",
        "if (raised := error) is error:",
        (
            "tests/functional/test_people_in_logs.py::"
            "test_an_event_that_fails_names_nobody_nor_does_what_lambda_is_told[its refresh breaks-RuntimeError]",
        ),
    ),
    Guard(
        "a log line does not say what an error says",
        "chalicelib/monitoring/logger.py",
        "made.addFilter(TellingNothing())",
        "pass",
        ("tests/functional/test_contents_in_logs.py::test_a_scheduled_function_that_fails[sweeper-validation]",),
    ),
    Guard(
        "a text is told only where it stands in the code",
        "chalicelib/monitoring/errors.py",
        'return said if codes and said in codes[-1].co_consts else ""',
        "return said",
        ("tests/unit/monitoring/test_errors.py::test_no_output_says_what_an_error_says[a write]",),
    ),
    Guard(
        "what a stack writes is its owner's alone",
        "infra/local/processes/supervision.py",
        "                    umask=OWNER_ONLY,\n",
        "",
        (
            "tests/unit/infra/local/test_supervision.py::"
            "test_what_a_piece_writes_and_what_it_starts_writes_is_its_owners_alone",
        ),
    ),
    Guard(
        "an erased person is in no old version of the flags",
        "chalicelib/flags/changes/people.py",
        "        self._home.delete(version)",
        "        pass",
        (
            f"{FLAGS}test_people.py::test_old_versions_that_name_the_person_are_deleted_the_others_and_the_deployed_one_stay",
        ),
    ),
    Guard(
        "an erasure stays open while somebody holds dead letters",
        "chalicelib/dead_letters/people.py",
        "        if hidden:",
        "        if False:",
        ("tests/unit/dead_letters/test_people.py::test_a_letter_that_somebody_looks_at_keeps_the_erasure_open[moto]",),
    ),
    Guard(
        "a viewer changes nothing",
        "chalicelib/api/routes.py",
        """*((VIEWER, OPERATOR) if operation.method == "GET" else (OPERATOR,))""",
        "VIEWER, OPERATOR",
        ("tests/functional/test_ops_roles.py::test_a_viewer_changes_nothing[PUT-/ops/sync-mode]",),
    ),
    Guard(
        "nothing is sent again without a record",
        "chalicelib/dead_letters/desk.py",
        "            self._actions.keep(done)\n            if refusal",
        "            if refusal",
        ("tests/functional/test_ops_dead_letters.py::test_a_record_that_cannot_be_kept_stops_it[redrive]",),
    ),
    Guard(
        "the gate before a step of a rollout",
        "chalicelib/domain/rollouts/next_action.py",
        "    if shut is not None:",
        "    if False:",
        (
            f"{CARRYING}test_a_gate_that_is_shut_holds_and_says_why[conditions0]",
            f"{CARRYING}test_a_gate_that_is_shut_holds_and_says_why[conditions1]",
        ),
    ),
    Guard(
        "the hold time before a step of a rollout",
        "chalicelib/domain/rollouts/next_action.py",
        "    if now < rollout.held_until:",
        "    if False:",
        (f"{CARRYING}test_the_schedule_alone_carries_a_component_to_everybody",),
    ),
    Guard(
        "the step back on a breach",
        "chalicelib/domain/rollouts/next_action.py",
        "if breach is not None and rollout.state is not State.STOPPED:",
        "if False:",
        (
            f"{CARRYING}test_a_breach_goes_back_one_step_at_once_and_stops_with_the_reason",
            f"{CARRYING}test_a_paused_rollout_goes_back_on_a_breach_and_never_rises",
        ),
    ),
    Guard(
        "the kill for lost data",
        "chalicelib/domain/rollouts/next_action.py",
        "if breach is not None and breach.breach is Breach.KILL:",
        "if False:",
        (f"{CARRYING}test_lost_data_kills_whatever_becomes_of_the_rest",),
    ),
    Guard(
        "the stop of a rollout whose flag somebody has taken back",
        "chalicelib/domain/rollouts/next_action.py",
        "if is_lower and (breach is None or _is_a_step_back(rollout, flag)):",
        "if False:",
        (f"{CARRYING}test_a_gate_that_somebody_shuts_stops_it",),
    ),
    Guard(
        "the way back that was begun",
        "chalicelib/domain/rollouts/next_action.py",
        "    if intent is not None:\n        if flag.is_back_at",
        "    if False:\n        if flag.is_back_at",
        (f"{DESK}test_an_abort_that_dies_anywhere_is_carried_to_its_end[1]",),
    ),
    Guard(
        "the time of who takes a step",
        "chalicelib/domain/rollouts/next_action.py",
        "if rollout.intent is not None and now < rollout.intent.again_at:",
        "if False:",
        (f"{CARRYING}test_a_step_that_is_being_taken_is_left_to_who_is_at_it",),
    ),
    Guard(
        "the breach that no hurry passes by",
        "chalicelib/domain/rollouts/next_action.py",
        "    if verdict.breach is not None:",
        "    if False:",
        (f"{DESK}test_hurry_never_passes_by_a_breach_where_nobody_is_on_the_new_backend_yet",),
    ),
    Guard(
        "the second person before a rise",
        "chalicelib/domain/rollouts/rollout.py",
        "        if agreed is None or not (gate_is_open or agreed.named):\n            return False\n"
        "        return agreed.percent == percent and agreed.by != by",
        "        return True",
        (
            f"{DESK}test_a_rise_waits_for_a_second_person_and_test_users_do_not",
            f"{GATED}test_a_rise_by_hand_needs_a_second_person_where_the_plan_asks_for_one[order0]",
        ),
    ),
    Guard(
        "the second person who is another one",
        "chalicelib/domain/rollouts/rollout.py",
        "agreed.percent == percent and agreed.by != by",
        "agreed.percent == percent",
        (f"{DESK}test_who_agreed_cannot_hurry_it",),
    ),
    Guard(
        "the intent before a step",
        "chalicelib/services/rollouts/taking.py",
        "rollout, change = self.stored(intended(rollout, intent)), None",
        "rollout, change = (rollout, intent)[0], None",
        (
            f"{CARRYING}test_two_schedules_at_once_take_one_step",
            f"{CARRYING}test_a_rise_waits_for_the_record",
        ),
    ),
    Guard(
        "the way back without the record",
        "chalicelib/services/rollouts/taking.py",
        """        except UnavailableError:
            return rollout""",
        """        except UnavailableError:
            raise""",
        (f"{CARRYING}test_the_way_back_does_not_wait_for_the_record",),
    ),
    Guard(
        "the way back before other rollouts' steps",
        "chalicelib/services/rollouts/carrier.py",
        "judged.sort(key=lambda each: _urgency(each[1]))",
        "pass",
        (f"{CARRYING}test_the_way_back_comes_before_everything_else_and_has_its_share_of_the_time",),
    ),
    Guard(
        "the version of a rollout's record",
        "chalicelib/repositories/rollouts.py",
        "self._rollouts.replace_one(as_read, document).matched_count",
        'self._rollouts.replace_one({"_id": as_read["_id"]}, document).matched_count',
        ("tests/contract/test_rollouts.py::test_of_two_who_have_read_the_same_one_is_kept[mongo]",),
    ),
    Guard(
        "the document on top of which a step is taken",
        "chalicelib/flags/changes/carried.py",
        "order = ChangeRequest(asked.by, asked.reason, expected)",
        "order = ChangeRequest(asked.by, asked.reason)",
        (f"{FLAGS}test_carried.py::test_a_step_is_taken_only_on_top_of_the_document_that_was_looked_at",),
    ),
    Guard(
        "the gate before a rise by hand",
        "chalicelib/flags/changes/gated.py",
        "if not (verdict.is_open or order.hurry):",
        "if False:",
        (f"{GATED}test_a_rise_is_refused_while_the_gate_is_shut_and_says_what_comes_first[conditions0]",),
    ),
    Guard(
        "the gate before what the global gate lets in",
        "chalicelib/flags/changes/apply.py",
        "opened = opens(before.flags.values(), flag, wished)",
        "opened = list[Flag]()",
        (f"{GATED}test_opening_the_global_gate_is_a_rise_of_what_stands_behind_it",),
    ),
    Guard(
        "the rollout before a rise by hand",
        "chalicelib/flags/changes/gated.py",
        "if rollout.state is State.RUNNING:",
        "if False:",
        (f"{GATED}test_while_a_rollout_carries_the_component_nobody_raises_it_by_hand[order1]",),
    ),
    Guard(
        "the version of a rollout that an erasure has changed",
        "chalicelib/repositories/operator_records.py",
        "{**said, VERSION: rollout[VERSION] + 1}",
        "{**said}",
        (
            "tests/integration/repositories/test_operator_records.py::"
            "test_a_rollout_goes_on_without_the_person_and_who_has_read_it_cannot_bring_them_back",
        ),
    ),
    Guard(
        "the version in a view's ETag",
        "chalicelib/services/display/display.py",
        """return f'"{self.state.calculation_version}.{self.state.display_version}{behind}{day}"'""",
        """return f'"{self.state.calculation_version}{behind}{day}"'""",
        (f"{HISTORY}test_no_answer_denies_an_earlier_one_while_everything_flips",),
    ),
    Guard(
        "the removal of a reading's twin",
        "chalicelib/repositories/dual_write.py",
        "twin = collection.find_one_and_delete({",
        "twin = collection.find_one({",
        (f"{HISTORY}test_no_answer_denies_an_earlier_one_while_everything_flips",),
    ),
    Guard(
        "the judge's look at stored views that go back",
        "infra/drills/history/checker.py",
        "if shown.version < meter.stored.version:",
        "if False:",
        (
            f"{JUDGE}test_a_stored_view_that_goes_back_is_found_though_nobody_got_to_see_it",
            f"{HISTORY}test_a_planted_fault_is_found_with_its_proof[refresh_without_the_version_guard]",
        ),
    ),
    Guard(
        "the judge's look at versions with two bodies",
        "infra/drills/history/checker.py",
        "if read.by_version:",
        "if False:",
        (
            f"{JUDGE}test_a_version_that_stands_for_two_bodies_is_found_though_each_has_an_etag_of_its_own",
            f"{HISTORY}test_a_planted_fault_is_found_with_its_proof[months_of_the_new_backend_without_the_last_one]",
        ),
    ),
    Guard(
        "the judge's patience with views from before an unknown write",
        "infra/drills/history/counts.py",
        "self.held[date] = self.held.get(date, NOTHING) | {amount}",
        "pass",
        (
            "tests/unit/infra/drills/history/test_honest_store.py::"
            "test_an_honest_store_is_blamed_for_nothing_whatever_writes_got_lost_and_whatever_lags",
        ),
    ),
    Guard(
        "the judge's look at what must not be there",
        "infra/drills/history/checker.py",
        "dates = {*shown.rows, *meter.slots} if shown.whole else shown.rows",
        "dates = shown.rows",
        (f"{JUDGE}test_what_is_not_there_in_the_end_is_lost",),
    ),
    Guard(
        "the judge's patience with unknown outcomes",
        "infra/drills/history/slots.py",
        "self.late[amount] = until",
        "pass",
        (f"{JUDGE}test_it_may_happen_late_and_then_it_stays",),
    ),
)
