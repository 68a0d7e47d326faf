"""Guards of the code that keeps both sides equal; they go with the migration."""

from tests.guards.guard import Guard

MODES = "tests/unit/services/migration/sync/test_consistency.py::"
VERIFY_BY_WORKERS = "tests/integration/sync/test_verify_by_workers.py::"
REPAIR = "tests/integration/sync/test_repair.py::"
SYNC_JOB = "tests/integration/sync/test_sync_job.py::"
UNDONE = "tests/integration/sync/test_undone_imports.py::"
FLAGS = "tests/unit/flags/changes/"
HISTORY = "tests/integration/infra/history/test_history.py::"
JUDGE = "tests/unit/infra/drills/history/test_checker.py::"

LIMITS = "tests/integration/repositories/test_time_limits.py::"
PREFETCH = "tests/integration/repositories/test_prefetch.py::"
PREFETCHED = f"{PREFETCH}test_every_write_ends_as_if_nothing_had_been_prefetched"

BY_WORKERS = "tests/integration/sync/test_sync_by_workers.py::"

COMMANDS = "tests/unit/infra/operations/migrate/test_migrate_commands.py::"
DIVIDED = f"{COMMANDS}test_a_backfill_by_workers"
DIVIDED_DATA = "tests/integration/migrations/test_backfill_by_workers.py::"

OF_THE_DATA = (
    Guard(
        "who has lost the lock of the migrations waits for no workers",
        "infra/operations/migrate/by_workers.py",
        "                        check()\n",
        "",
        (f"{DIVIDED}_is_a_difference_of_both_sides_and_then_a_sweep[form0]",),
    ),
    Guard(
        "a backfill by workers refreshes what is displayed",
        "infra/operations/migrate/by_workers.py",
        "(Walk.SYNC, Walk.SWEEP)",
        "(Walk.SYNC,)",
        (f"{DIVIDED}_is_a_difference_of_both_sides_and_then_a_sweep[form0]",),
    ),
    Guard(
        "a backfill by workers fails where a meter cannot be refreshed",
        "infra/operations/migrate/by_workers.py",
        "if found.differences:",
        "if False:",
        (f"{DIVIDED_DATA}test_a_meter_that_cannot_be_refreshed_is_a_failure_as_it_is_for_one_process",),
    ),
    Guard(
        "a difference that has ended is not begun again because looking on broke off",
        "infra/operations/migrate/by_workers.py",
        "again_when_unavailable(partial(walked, operations.fan_out, walk, self._ranges, seen))",
        "walked(operations.fan_out, walk, self._ranges, seen)",
        (f"{COMMANDS}test_looking_on_takes_a_break_of_the_connection_and_begins_no_walk_again",),
    ),
    Guard(
        "a database alone is refused before a script has begun",
        "infra/operations/migrate/commands.py",
        "    Deployment.of(target)  #",
        "    #",
        (f"{COMMANDS}test_a_database_alone_has_no_workers_which_is_said_before_anything_is_done",),
    ),
    Guard(
        "workers count together what they delete",
        "chalicelib/services/migration/sync/sync_job.py",
        "JobDeletions(count=count)",
        "JobDeletions()",
        (f"{BY_WORKERS}test_all_workers_together_delete_no_more_than_one_process_would",),
    ),
    Guard(
        "workers end their own difference alone",
        "chalicelib/services/migration/sync/sync_job.py",
        "if progress.difference is None or progress.difference.by != fan_out.id:\n            return",
        "if progress.difference is None:\n            return",
        (f"{BY_WORKERS}test_a_difference_that_begins_while_the_last_meter_is_compared_is_not_ended_by_workers",),
    ),
    Guard(
        "workers end no catching up of a mode that began after them",
        "chalicelib/services/migration/sync/sync_job.py",
        "        if sync.since != fan_out.since:\n            return\n",
        "",
        (f"{BY_WORKERS}test_a_mode_that_began_after_the_walk_does_not_count_as_caught_up_by_it",),
    ),
    Guard(
        "a walk whose work is somebody else's by now is begun at the start",
        "chalicelib/services/migration/sync/sync_job.py",
        "self._started, self._compared, self._overtaken)",
        "self._started, self._compared)",
        (f"{BY_WORKERS}test_a_walk_whose_work_one_process_has_taken_says_so_and_the_next_begins_at_the_start",),
    ),
    Guard(
        "who goes on with a difference takes it from the workers",
        "chalicelib/services/migration/sync/sync_job.py",
        "after=meters[-1], by=None, **counts)",
        "after=meters[-1], **counts)",
        (f"{BY_WORKERS}test_what_one_process_has_taken_over_no_worker_goes_on_with",),
    ),
    Guard(
        "that the database is away is said in seconds",
        "chalicelib/repositories/transactions.py",
        "with _at_once():",
        "with suppress():",
        (f"{LIMITS}test_that_the_database_is_away_is_said_to_a_writer_as_soon_as_to_a_reader",),
    ),
    Guard(
        "a look ahead that meets a damaged document says nothing",
        "chalicelib/repositories/prefetch.py",
        "for document in documents if not flaws_in(document)}",
        "for document in documents}",
        (f"{PREFETCHED}[old_only-0]",),
    ),
    Guard(
        "a look ahead on another side than the authoritative one says nothing",
        "chalicelib/repositories/prefetch.py",
        "_judged(found, expected) if side is state.authoritative else by_id",
        "_judged(found, expected)",
        (f"{PREFETCHED}[new_only-3]",),
    ),
    Guard(
        "a look ahead at a reading with doubles says nothing",
        "chalicelib/repositories/prefetch.py",
        "or _is_doubled(found, own[0]) ",
        "",
        (f"{PREFETCHED}[old_only-2]",),
    ),
    Guard(
        "a look ahead at another instant does not say whether one is taken",
        "chalicelib/repositories/prefetch.py",
        'until_then = self.found.get("before") if self.place == (energy_type, instant) else None',
        'until_then = self.found.get("before")',
        ("tests/unit/repositories/test_prefetch.py::test_of_another_meter_or_instant_it_says_nothing[asked1]",),
    ),
    Guard(
        "a look ahead at another instant does not say what is next to one",
        "chalicelib/repositories/prefetch.py",
        "near = self.found.get(where) if self.place == (energy_type, instant) else None",
        "near = self.found.get(where)",
        (f"{PREFETCHED}[old_only-1]",),
    ),
    Guard(
        "a look ahead that meets doubles says nothing",
        "chalicelib/repositories/prefetch.py",
        "return len(dates) == len(documents)",
        "return not any(map(flaws_in, documents))",
        (f"{PREFETCHED}[old_only-7]",),
    ),
    Guard(
        "what was looked up on the new side says nothing of doubles on the old one",
        "chalicelib/repositories/dual_write.py",
        "return self._side is Side.OLD and self._prefetched",
        "return self._prefetched",
        ("tests/integration/repositories/test_prefetch.py::test_so_it_does_while_the_old_side_catches_up[3]",),
    ),
    Guard(
        "a reading that moves is not beside itself",
        "chalicelib/repositories/prefetch.py",
        '"_id": {"$ne": id_of(expected.reading_id)}, **place',
        "**place",
        (f"{PREFETCH}test_a_reading_that_moves_back_is_not_what_comes_after_it[new_only]",),
    ),
    Guard(
        "an id that is taken elsewhere is looked for once it was met",
        "chalicelib/repositories/reconcile.py",
        "partial(work, are_strays=True)",
        "partial(work, are_strays=False)",
        (f"{REPAIR}test_a_twin_under_another_user_comes_back_there_and_both_meters_show_it",),
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
        "chalicelib/services/migration/sync/deletions.py",
        "if deleted > DELETES_UNASKED and deleted * 2 >= written:",
        "if False:",
        (f"{REPAIR}test_the_job_deletes_no_crowd_of_twins_by_itself_and_says_so[by the stream]",),
    ),
    Guard(
        "no first meter where most of the side that is believed is gone",
        "chalicelib/services/migration/sync/sync_job.py",
        "if there - here > DELETES_UNASKED and here * 2 < there:",
        "if False:",
        (f"{SYNC_JOB}test_before_its_first_run_a_renamed_collection_costs_small_meters_nothing",),
    ),
    Guard(
        "the number that a mass deletion needs",
        "infra/operations/verify/repair.py",
        "if plan.needs_number and request.allow_deletes is None:",
        "if False:",
        (f"{REPAIR}test_without_the_jobs_stop_a_repair_still_refuses_to_delete_so_much",),
    ),
    Guard(
        "the stop of the sync job holds for repair",
        "chalicelib/services/migration/sync/consistency.py",
        """        if source is None or user_id is not None:
            check_answered(self._control)
""",
        "",
        (f"{REPAIR}test_a_stop_is_not_answered_by_one_users_repair_nor_by_a_side_that_catches_up",),
    ),
    Guard(
        "the stop of the sync job holds for a change of mode",
        "chalicelib/services/migration/sync/sync_modes.py",
        """        check_answered(self._control)
""",
        "",
        (f"{REPAIR}test_no_mode_changes_while_the_job_is_stopped[old_only]",),
    ),
    Guard(
        "what workers find before a change of mode counts",
        "chalicelib/services/migration/sync/sync_modes.py",
        "kept, count_differences or self._count_differences)",
        "kept, self._count_differences)",
        (f"{MODES}test_who_is_asked_to_compare_everything_decides_whether_a_side_goes_on_alone",),
    ),
    Guard(
        "workers compare from the start before a change of mode",
        "infra/operations/sync/comparing.py",
        "show, restart=True)",
        "show)",
        (f"{VERIFY_BY_WORKERS}test_what_workers_find_lets_a_side_go_on_alone_or_not",),
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
        "chalicelib/services/migration/sync/consistency.py",
        "if sync.catching_up and source is not sync.catching_up:",
        "if False:",
        (f"{REPAIR}test_a_stop_is_not_answered_by_one_users_repair_nor_by_a_side_that_catches_up",),
    ),
    Guard(
        "a side that lost most of its readings does not go on alone",
        "chalicelib/services/migration/sync/sync_modes.py",
        "if there - here > DELETES_UNASKED:",
        "if False:",
        (f"{REPAIR}test_a_side_that_lost_most_of_its_readings_does_not_go_on_alone",),
    ),
    Guard(
        "an undo of an import leaves what was changed without a word",
        "chalicelib/domain/meters/import_record.py",
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
        "an erased person is in no old version of the flags",
        "chalicelib/flags/changes/people.py",
        "        self._home.delete(version)",
        "        pass",
        (
            f"{FLAGS}test_people.py::test_old_versions_that_name_the_person_are_deleted_the_others_and_the_deployed_one_stay",
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
        "collection.delete_one(same)",
        "collection.find_one(same)",
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
            f"{JUDGE}test_a_version_that_stands_for_two_bodies_is_found_though_each_has_an_etag_of_its_own[backends0]",
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
