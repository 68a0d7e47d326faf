"""The guards of what operators do about version 1's end: what stands in the way, what is kept, and of whom."""

from tests.guards.guard import Guard

FLAGS = "chalicelib/domain/migration/retirement/full_flags.py"
BLOCKERS = "chalicelib/domain/migration/retirement/blockers.py"
COMMANDS = "chalicelib/services/migration/retirement/commands.py"
RECORDS = "chalicelib/repositories/retirement.py"
OF_OPERATORS = "chalicelib/repositories/operator_records.py"
CALENDAR = "infra/operations/retire/calendar.py"
ENDING = "infra/operations/retire/ending.py"
FULL = "tests/unit/domain/migration/retirement/test_full_flags.py::"
CHECK = "tests/unit/services/migration/retirement/test_check.py::"
OFFICE = "tests/unit/services/migration/retirement/test_commands.py::"
STORED = "tests/contract/migration/test_retirement.py::"
ON_MONGODB = "tests/integration/repositories/test_retirement.py::"
SHELL = "tests/unit/infra/operations/test_retire_command.py::"

RETIREMENT_COMMANDS = (
    Guard(
        "no brown-out is planned while a flag is below 100 %",
        COMMANDS,
        "        if old:",
        "        if False:",
        (f"{OFFICE}test_no_brown_out_is_planned_while_a_flag_is_below_100_percent",),
    ),
    Guard(
        "no brown-out is planned while something of our own calls",
        COMMANDS,
        "        if (reason := self.withheld()) is not None:",
        "        if (reason := self.withheld()) == 0:",
        (
            f"{OFFICE}test_no_brown_out_is_planned_while_the_old_backend_has_answered_a_component_lately",
            f"{OFFICE}test_no_brown_out_is_planned_while_our_own_page_calls",
        ),
    ),
    Guard(
        "nobody is spared whom the ledger does not know",
        COMMANDS,
        "            if not self._records.has_called(opt_out.caller):",
        "            if False:",
        (f"{OFFICE}test_nobody_is_spared_whom_the_ledger_does_not_know",),
    ),
    Guard(
        "what is announced for people becomes no rehearsal",
        COMMANDS,
        "    if before is not None and rehearsal and not before.rehearsal:",
        "    if False:",
        (f"{OFFICE}test_what_is_announced_for_people_becomes_no_rehearsal",),
    ),
    Guard(
        "a rehearsal is no way to do without notice but on a laptop stack",
        CALENDAR,
        "    if rehearsal and target.layout is None:",
        "    if False:",
        (f"{SHELL}test_a_rehearsal_is_no_way_to_do_without_notice_but_on_a_laptop_stack[place0]",),
    ),
    Guard(
        "a rehearsal ends with an announcement for people, whose notice begins",
        COMMANDS,
        "    if before is None or before.rehearsal is not rehearsal:",
        "    if before is None:",
        (f"{OFFICE}test_an_announcement_after_a_rehearsal_ends_it_and_the_notice_begins",),
    ),
    Guard(
        "a blocked person keeps a flag from being at 100 %",
        FLAGS,
        ' or flag.get("blockedUserIds"):',
        ":",
        (f"{FULL}test_the_time_begins_with_the_change_that_brought_everybody_and_ends_with_any_other[recorded8-None]",),
    ),
    Guard(
        "a change of which nobody knows whether it came into effect begins no time",
        FLAGS,
        "        if change.state is ChangeState.DEPLOYED:",
        "        if True:",
        (f"{FULL}test_the_time_begins_with_the_change_that_brought_everybody_and_ends_with_any_other[recorded7-None]",),
    ),
    Guard(
        "nobody passes by what people would see or lose",
        BLOCKERS,
        "        return self.part in FORCIBLE and not self.unknown",
        "        return True",
        (
            f"{SHELL}test_the_mode_is_taken_to_new_only_once_nothing_is_in_the_way",
            f"{CHECK}test_what_cannot_be_looked_at_is_in_the_way_and_the_rest_is_said",
        ),
    ),
    Guard(
        "the mode waits until nothing is in the way",
        ENDING,
        "                _check_clean(blockers(target, database, days, quiet_days), force=force)\n",
        "                pass\n",
        (
            f"{SHELL}test_the_mode_is_taken_to_new_only_once_nothing_is_in_the_way",
            f"{SHELL}test_callers_and_dates_are_passed_by_with_force_alone",
        ),
    ),
    Guard(
        "the mode looks again behind the comparison",
        ENDING,
        "                refuse_blocked()\n                return differing",
        "                return differing",
        (
            "tests/unit/infra/operations/test_retire_apply.py::"
            "test_who_takes_people_back_during_the_comparison_keeps_the_old_backend[True]",
        ),
    ),
    Guard(
        "fewer days than callers are due are asked for by force alone",
        ENDING,
        "                _check_rehearsed(database, force=force)\n",
        "                pass\n",
        (f"{SHELL}test_less_time_than_callers_are_due_is_asked_for_by_force_or_in_a_rehearsal_and_noted[less2]",),
    ),
    Guard(
        "a calendar whose dates contradict each other is not believed",
        RECORDS,
        "            return checked(StoredCalendar.model_validate(found).calendar())",
        "            return StoredCalendar.model_validate(found).calendar()",
        (f"{ON_MONGODB}test_a_damaged_calendar_is_said_and_never_replaced[damage6]",),
    ),
    Guard(
        "a calendar of no version is not believed, whose changes would never be stored",
        RECORDS,
        "    version: int = Field(ge=1)",
        "    version: int",
        (f"{ON_MONGODB}test_a_damaged_calendar_is_said_and_never_replaced[damage5]",),
    ),
    Guard(
        "a calendar is stored in place of what was read alone",
        RECORDS,
        'as_read = {"_id": RETIREMENT, "version": calendar.version}',
        'as_read = {"_id": RETIREMENT}',
        (f"{STORED}test_of_two_who_have_read_the_same_one_is_kept[mongo]",),
    ),
    Guard(
        "a mark that a brown-out is withheld is another version",
        RECORDS,
        '                {"$set": mark, "$inc": {"version": 1}},',
        '                {"$set": mark},',
        (f"{STORED}test_a_brown_out_that_is_withheld_is_marked_once_and_as_another_version[mongo]",),
    ),
    Guard(
        "what an operator asked for by force is no answer of a component",
        RECORDS,
        '            "reason": {"$ne": Reason.FORCED_OLD.value},\n',
        "",
        (f"{STORED}test_of_the_old_backends_answers_the_last_that_people_asked_for_counts[mongo]",),
    ),
    Guard(
        "why a brown-out is withheld names a route once, however many use it",
        RECORDS,
        '{"_id": "$route", "last"',
        '{"_id": "$_id", "last"',
        (f"{STORED}test_the_page_has_called_a_route_when_it_did_last_whoever_used_it_but_who_is_spared[mongo]",),
    ),
    Guard(
        "who calls by many names takes few rows",
        RECORDS,
        '{"_id": f"{call.caller}|{place_of(call.client)}|{call.route}"}',
        '{"_id": f"{call.caller}|{call.client}|{call.route}"}',
        (f"{STORED}test_whoever_calls_by_many_names_takes_few_rows[mongo]",),
    ),
    Guard(
        "a list of callers that is cut says so",
        COMMANDS,
        "max(0, self._records.count_callers(quiet_since(self._clock(), days)) - LISTED)",
        "0",
        (f"{SHELL}test_a_list_of_callers_that_is_cut_says_so",),
    ),
    Guard(
        "a row of the ledger forgets days that are too old",
        RECORDS,
        '"cond": {"$gte": ["$$this.k", oldest]}',
        '"cond": True',
        (f"{STORED}test_days_that_nobody_can_ask_for_any_more_are_forgotten[mongo]",),
    ),
    Guard(
        "calls of other days are not counted",
        RECORDS,
        'days_since(row["days"], since)',
        'days_since(row["days"], 0)',
        (f"{STORED}test_calls_of_the_days_that_are_asked_for_are_listed[mongo]",),
    ),
    Guard(
        "an opt-out goes with the account, and nobody brings it back",
        RECORDS,
        '"$pull": {"optOuts": {"caller": caller}}, "$inc": {"version": 1}',
        '"$pull": {"optOuts": {"caller": caller}}',
        (f"{ON_MONGODB}test_an_erasure_takes_the_persons_opt_out_and_no_other_as_another_version",),
    ),
    Guard(
        "the calendar forgets an operator whose account ends",
        OF_OPERATORS,
        'self._control.find({"_id": RETIREMENT})',
        "()",
        (
            "tests/integration/repositories/test_operator_records.py::"
            "test_the_calendar_of_the_retirement_stays_without_the_person_as_another_version",
        ),
    ),
)
