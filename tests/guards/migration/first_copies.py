"""Guards of a backfill's first copies; they go with the migration."""

from tests.guards.guard import Guard

PLACE = "chalicelib/repositories/first_copies.py"
FIRST_COPIES = "tests/integration/migrations/test_first_copies.py::"
NOTHING = f"{FIRST_COPIES}test_where_anything_is_there_or_out_of_the_ordinary_nothing_is_written"
BACKFILL = "tests/integration/migrations/test_backfill_and_mode.py::"
STEPS = "tests/unit/migrations/test_backfill_steps.py::"

OF_FIRST_COPIES = (
    Guard(
        "a first copy is made where nothing is on the new side alone",
        PLACE,
        "if any(found[0][name] for name in LEFT):",
        "if False:",
        (f"{NOTHING}[left_view]", f"{NOTHING}[left_part]", f"{NOTHING}[left_reading]"),
    ),
    Guard(
        "a view that names a meter under another id is something of it",
        PLACE,
        '{"$or": [*ids, claims]}',
        '{"$or": ids}',
        (f"{NOTHING}[claimed_view]",),
    ),
    Guard(
        "a first copy only while both sides are written",
        PLACE,
        "sync.mode is not SyncMode.DUAL_WRITE",
        "False",
        (f"{NOTHING}[before_any_mode]",),
    ),
    Guard(
        "a first copy only of the side that is right",
        PLACE,
        "sync.authoritative is not Side.OLD",
        "False",
        (f"{NOTHING}[the_new_side_is_right]",),
    ),
    Guard(
        "a first copy is no larger than a transaction of a backfill",
        PLACE,
        "if len(found) == most:",
        "if False:",
        (f"{FIRST_COPIES}test_one_reading_too_many_is_left_to_ranges",),
    ),
    Guard(
        "no first copy of an account that is erased",
        PLACE,
        "[MODE_CHANGES, fence_id(user_id)]",
        "[MODE_CHANGES]",
        (f"{FIRST_COPIES}test_nothing_is_copied_of_an_account_that_is_erased_meanwhile",),
    ),
    Guard(
        "a first copy is one transaction",
        PLACE,
        "ScopedCollection(self._database[name], user_id, session).insert_many(documents)",
        "ScopedCollection(self._database[name], user_id).insert_many(documents)",
        (f"{FIRST_COPIES}test_killed_before_any_of_its_commands_it_is_whole_or_not_there_and_goes_on",),
    ),
    Guard(
        "of doubles one alone is copied",
        PLACE,
        "[without_doubles([*of_meter])",
        "[[*of_meter]",
        (f"{FIRST_COPIES}test_a_person_takes_seven_commands_and_one_transaction",),
    ),
    Guard(
        "a backfill holds its lock when it makes a first copy",
        "migrations/backfill.py",
        "        self._run.check()\n        copied = ",
        "        copied = ",
        (f"{STEPS}test_of_whom_nothing_is_on_the_new_side_all_is_written_at_once",),
    ),
    Guard(
        "first copies count where a job may delete less than half of what it writes",
        "migrations/backfill.py",
        "self._deletions.reconciled(lambda _: Reconciled(copied))",
        "pass",
        (f"{STEPS}test_what_is_written_at_once_counts_where_a_job_may_delete_less_than_half",),
    ),
    Guard(
        "a backfill begins where both sides are written alone",
        "migrations/backfill.py",
        "if sync.mode is not SyncMode.DUAL_WRITE:",
        "if False:",
        (f"{BACKFILL}test_in_a_mode_that_rests_one_side_it_does_not_begin",),
    ),
)
