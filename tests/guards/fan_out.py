"""The guards of walks that workers divide."""

from tests.guards.guard import Guard

SERVICE = "chalicelib/services/refresh/fan_out.py"
RECORDS = "chalicelib/repositories/fan_out.py"
DIVIDED = "tests/unit/services/refresh/test_fan_out.py::"
LOST = "tests/unit/services/refresh/test_lost_ranges.py::"
CONTRACT = "tests/contract/test_fan_out_records.py::"
ON_MONGODB = "tests/integration/refresh/test_fan_out.py::"

FAN_OUT = (
    Guard(
        "a walk counts only when no range of it is missing",
        SERVICE,
        "if done != set(range(len(fan_out.ranges))) or ",
        "if ",
        (
            f"{DIVIDED}test_a_message_that_was_lost_is_sent_again_and_nothing_counts_before",
            f"{DIVIDED}test_ranges_of_a_walk_that_was_begun_again_count_for_nothing",
        ),
    ),
    Guard(
        "a walk counts only where it still says something of the present at its end",
        SERVICE,
        " or self._present(fan_out) is None:",
        ":",
        (f"{DIVIDED}test_what_changes_while_the_last_meter_is_looked_at_does_too[the mode]",),
    ),
    Guard(
        "a range is worked on only in the mode, by the code and within the hour of its walk",
        SERVICE,
        "return sync, why_past(fan_out, sync, self._code())",
        "return sync, None",
        (
            f"{DIVIDED}test_what_changes_meanwhile_ends_it_without_a_verdict[the mode and back]",
            f"{DIVIDED}test_what_changes_meanwhile_ends_it_without_a_verdict[the code]",
            f"{DIVIDED}test_what_changes_meanwhile_ends_it_without_a_verdict[more than an hour]",
        ),
    ),
    Guard(
        "a message of an earlier walk does nothing",
        SERVICE,
        "fan_out.id != task.id or ",
        "",
        (f"{DIVIDED}test_ranges_of_a_walk_that_was_begun_again_count_for_nothing",),
    ),
    Guard(
        "who was killed behind the last range leaves the sum to the next message",
        SERVICE,
        "            self._end(fan_out)  # who was killed behind the last range has left this to do\n",
        "",
        (f"{DIVIDED}test_who_was_killed_before_the_sum_was_kept_has_left_it_to_the_message_that_comes_again",),
    ),
    Guard(
        "a range is free before its message is sent again",
        SERVICE,
        "self._records.release(claim)  # first: who gets the message at once finds the range free",
        "pass",
        (f"{DIVIDED}test_who_has_no_time_left_sends_the_rest_again",),
    ),
    Guard(
        "a pause that was over before its worker stopped stops nothing",
        SERVICE,
        "if stopped := self._stopped(fan_out):",
        "if stopped := self._stopped(fan_out) or RangeState.PAUSED:",
        (
            f"{DIVIDED}test_what_is_resumed_before_its_worker_has_stopped_goes_on",
            f"{DIVIDED}test_who_has_no_time_left_sends_the_rest_again",
        ),
    ),
    Guard(
        "meters that take a worker's whole time are done one by one",
        SERVICE,
        "at_once=METERS_OF_A_STEP if claim.tries == 1 else 1)",
        "at_once=METERS_OF_A_STEP)",
        (f"{DIVIDED}test_meters_that_take_a_workers_whole_time_are_done_one_by_one",),
    ),
    Guard(
        "one worker at a time has a range",
        RECORDS,
        'may = {"$and": [{"$ne": ["$done", True]}, IS_FREE]}',
        'may = {"$and": [{"$ne": ["$done", True]}]}',
        (f"{CONTRACT}test_one_at_a_time_works_on_a_range_until_its_time_is_up[mongo]",),
    ),
    Guard(
        "a range that is done stays done",
        RECORDS,
        'may = {"$and": [{"$ne": ["$done", True]}, IS_FREE]}',
        'may = {"$and": [IS_FREE]}',
        (f"{CONTRACT}test_what_is_kept_of_a_range_comes_back_whole[mongo]",),
    ),
    Guard(
        "whose claim has ended keeps nothing",
        RECORDS,
        'done = self._control.update_one({"_id": claim.key, "token": claim.token}, {"$set": changes})',
        'done = self._control.update_one({"_id": claim.key}, {"$set": changes})',
        (f"{CONTRACT}test_one_at_a_time_works_on_a_range_until_its_time_is_up[mongo]",),
    ),
    Guard(
        "ranges of a walk that is begun meanwhile stay",
        RECORDS,
        'return {"_id": {"$in": [each["_id"] for each in self._control.find(_ranges_of(_key(walk)), ["_id"])]}}',
        "return _ranges_of(_key(walk))",
        (f"{ON_MONGODB}test_ranges_of_a_walk_that_is_begun_while_the_one_before_is_taken_away_stay[begin]",),
    ),
    Guard(
        "what was lost of a walk is sent again by a schedule",
        "chalicelib/handlers/sweeper.py",
        "    container.operations.fan_out.send_lost()\n",
        "",
        ("tests/functional/handlers/test_sweeper_function.py::test_a_range_whose_message_was_lost_is_sent_again",),
    ),
    Guard(
        "what functions of another release took is sent again as soon as there are those of its own",
        SERVICE,
        "                self._records.lost(fan_out)\n",
        "                pass\n",
        (f"{LOST}test_what_functions_of_the_release_before_took_is_sent_again_by_the_next_run_of_its_own",),
    ),
    Guard(
        "nothing of a walk that is paused, or that comes to no end, is sent again",
        SERVICE,
        "if fan_out is None or fan_out.paused or self._problem(fan_out) is not None:",
        "if fan_out is None:",
        (
            f"{LOST}test_a_paused_walk_rests_until_somebody_resumes_it",
            f"{LOST}test_a_walk_of_the_release_before_is_over_and_nothing_of_it_is_sent_again",
        ),
    ),
    Guard(
        "what somebody works on is not sent again",
        SERVICE,
        "for task, is_claimed in self._left_to_do(fan_out) if not is_claimed]",
        "for task, _ in self._left_to_do(fan_out)]",
        (
            f"{LOST}test_what_somebody_works_on_is_not_sent_again",
            f"{LOST}test_where_all_that_is_left_is_worked_on_the_next_run_looks_again",
        ),
    ),
    Guard(
        "what is silent is sent again once",
        SERVICE,
        "self._records.sending(fan_out, SILENT_SECONDS)",
        "self._records.sending(fan_out)",
        (f"{LOST}test_what_is_silent_for_longer_than_a_message_is_hidden_is_sent_again_once",),
    ),
    Guard(
        "of two who find the same silence one sends",
        RECORDS,
        '{**_same(fan_out), "$expr": silent}',
        "_same(fan_out)",
        (f"{CONTRACT}test_of_two_who_find_the_same_silence_one_sends[mongo]",),
    ),
    Guard(
        "a walk that has taken the place of the one that is given up stays",
        RECORDS,
        'found = self._control.delete_one({**_same(fan_out), "finished": None}).deleted_count == 1',
        'found = self._control.delete_one({"_id": _key(fan_out.walk), "finished": None}).deleted_count == 1',
        (f"{CONTRACT}test_what_is_given_up_is_gone_with_its_ranges_and_nothing_else[mongo]",),
    ),
    Guard(
        "where ranges end names nobody whose account has ended",
        "chalicelib/repositories/checkpoints.py",
        '    for found in control.find({"_id": {"$regex": f"^{FAN_OUT}"}}):\n',
        "    for found in ():\n",
        (f"{ON_MONGODB}test_where_a_range_ends_at_somebody_whose_account_ends_the_walk_is_over",),
    ),
)
