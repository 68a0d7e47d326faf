"""The guards: where each stands in the code, what stands there when it is taken out, and which tests must notice."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITE_DIES = (
    "tests/integration/test_crash_points.py::"
    "test_wherever_a_write_or_its_handler_dies_both_are_whole_or_not_done_and_the_sweeper_does_the_rest"
)
JOB_DIES = (
    "tests/integration/test_crash_points.py::"
    "test_wherever_a_job_dies_no_meter_is_half_shown_and_the_sweeper_does_the_rest"
)
LOST = (
    "tests/integration/test_faults.py::test_whatever_gets_lost_the_display_shows_what_it_says_and_the_sweeper_the_rest"
)
MEET = "tests/integration/test_faults.py::test_wherever_two_meet_the_display_shows_what_it_says_and_is_right_in_the_end"
STORE = "tests/contract/test_store.py::"
SERIES = "tests/integration/test_compact_series.py::"
SWEEPER = "tests/integration/test_sweeper.py::"
REPAIR = "tests/integration/test_repair.py::"
PUBLISHER = "tests/unit/test_publisher.py::"
# Goes on working without any of them: a guard that is out breaks nothing as long as nothing goes wrong.
CONTROL = "tests/integration/test_refresh.py::test_a_real_household_is_imported_and_shown"


@dataclass(frozen=True)
class Guard:
    """``text`` stands exactly once in ``file``; with ``instead`` in its place, each of ``tests`` must fail."""

    name: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]

    def taken_out(self, code: str) -> str:
        """The code of its file without the guard. Raises ValueError where it does not stand as it is known here."""
        if (found := code.count(self.text)) != 1:
            raise ValueError(f"{self.name}: its text stands {found} times in {self.file}, not once; see {__file__}")
        return code.replace(self.text, self.instead)


GUARDS = (
    Guard(
        "the condition displayVersion < v",
        "chalicelib/repositories/display.py",
        '"displayVersion": {"$lt": update.source_version},',
        "",
        (
            f"{STORE}test_a_slow_refresh_cannot_overwrite_a_newer_one_nor_bring_a_deleted_year_back[mongo]",
            f"{MEET}[a function, and a faster one that takes a year away]",
        ),
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
        "is_ours = self._lagging.claim(meter, self._clock() + claimed.pause_ms)",
        "is_ours = True",
        (f"{SWEEPER}test_a_meter_on_which_the_process_dies_costs_one_attempt_and_not_the_next_run",),
    ),
    Guard(
        "the dirty range of all writes since",
        "chalicelib/repositories/meters.py",
        """"$min": {"dirtyFrom": to_datetime(first), "dirtySince": to_datetime(now)},
                "$max": {"dirtyTo": to_datetime(last)},""",
        """"$min": {"dirtySince": to_datetime(now)},
                "$set": {"dirtyFrom": to_datetime(first), "dirtyTo": to_datetime(last)},""",
        (
            f"{STORE}test_each_change_counts_up_and_widens_the_dirty_range_but_keeps_its_beginning[mongo]",
            f"{LOST}[the event of the first of two writes]",
        ),
    ),
    Guard(
        "the mark of new settings on a meter before its first reading",
        "chalicelib/services/recording/configuration.py",
        "if moved or before.modulus != modulus:",
        "if before.modulus != modulus or (moved and energy_type in transaction.meters.types()):",
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
        "chalicelib/repositories/readings.py",
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
        'return series is not None and bool(series["version"] == meter["displayVersion"])',
        "return series is not None",
        (f"{SERIES}test_a_series_of_another_version_than_what_is_displayed_is_not_believed",),
    ),
    Guard(
        "the compact series is whole",
        "chalicelib/repositories/series.py",
        'return readings if len(readings) == len(readings.amounts) == meter["series"]["count"] else None',
        "return readings",
        (f"{SERIES}test_a_series_that_lacks_a_part_is_not_believed",),
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
)
