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
DAMAGED = "tests/integration/test_damaged_meters.py::"
READ_OVER = f"{DAMAGED}test_a_damage_is_read_over_named_and_mended"
WRITTEN_OVER = f"{DAMAGED}test_a_write_and_its_refresh_work_and_show_the_right_figures"
RESTORED = f"{DAMAGED}test_after_a_restore_of_a_part_no_version_comes_back"
SILENT = "tests/integration/test_silent_connections.py::"
REPLAY = "tests/integration/test_replay.py::"
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
        "a reader believes a view that agrees with its meter",
        "chalicelib/repositories/display.py",
        "return (view_of(view) if is_believable(view, meter) else None), state",
        "return view_of(view), state",
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
        "version = unseen if snapshot.state.damaged else snapshot.state.source_version",
        "version = unseen if snapshot is None else snapshot.state.source_version",
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
)
