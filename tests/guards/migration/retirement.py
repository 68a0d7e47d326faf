"""The guards of version 1's end: notice, brown-outs that meet nobody of our own, and what nobody passes by."""

from tests.guards.guard import Guard

CALENDAR = "chalicelib/domain/migration/retirement/calendar.py"
CALLERS = "chalicelib/domain/migration/retirement/callers.py"
WATCH = "chalicelib/services/migration/retirement/watch.py"
ROUTES = "chalicelib/api/v1/retirement.py"
DATES = "tests/unit/domain/migration/retirement/test_calendar.py::"
CLIENTS = "tests/unit/domain/migration/retirement/test_callers.py::"
CHECK = "tests/unit/services/migration/retirement/test_check.py::"
OFFICE = "tests/unit/services/migration/retirement/test_commands.py::"
ANSWERS = "tests/functional/v1/test_retirement.py::"
SHELL = "tests/unit/infra/operations/test_retire_command.py::"
IN_THE_WAY = f"{CHECK}test_each_thing_in_the_way_is_said_with_the_command_that_helps"

RETIREMENT = (
    Guard(
        "the notice of the end",
        CALENDAR,
        "    if calendar.sunset_at < earliest:",
        "    if False:",
        (
            f"{DATES}test_the_end_is_announced_28_days_before_it",
            f"{SHELL}test_the_end_is_announced_shown_and_moved",
        ),
    ),
    Guard(
        "the notice of an end that comes earlier",
        CALENDAR,
        "        _check_notice(after, now)\n    elif",
        "        pass\n    elif",
        (f"{DATES}test_a_later_end_is_taken_and_an_earlier_one_only_where_it_is_meant_with_its_notice_from_now_on",),
    ),
    Guard(
        "an end that comes earlier is meant so",
        CALENDAR,
        "        if not earlier:",
        "        if False:",
        (
            f"{DATES}test_a_later_end_is_taken_and_an_earlier_one_only_where_it_is_meant_with_its_notice_from_now_on",
            f"{OFFICE}test_an_end_moves_later_and_earlier_only_where_it_is_meant",
        ),
    ),
    Guard(
        "the deprecation before the sunset",
        CALENDAR,
        "    if first >= last:",
        "    if False:",
        (f"{DATES}test_the_deprecation_comes_before_the_sunset",),
    ),
    Guard(
        "brown-outs do not overlap",
        CALENDAR,
        "        if after.start < before.end:",
        "        if False:",
        (
            f"{DATES}test_whatever_is_planned_no_instant_lies_in_two_brown_outs",
            f"{DATES}test_a_brown_out_that_breaks_a_rule_is_refused[brown_out7-overlap]",
        ),
    ),
    Guard(
        "the notice of the first brown-out",
        CALENDAR,
        "    if brown_out.start < earliest:",
        "    if False:",
        (f"{DATES}test_a_brown_out_that_breaks_a_rule_is_refused[brown_out5-7 days after the announcement]",),
    ),
    Guard(
        "a brown-out takes a day at most",
        CALENDAR,
        "    if brown_out.length > LONGEST_BROWN_OUT_MS:",
        "    if False:",
        (f"{DATES}test_a_brown_out_that_breaks_a_rule_is_refused[brown_out2-a day at most]",),
    ),
    Guard(
        "a brown-out is long enough to be noticed",
        CALENDAR,
        "    if added.length < (least := calendar.terms.shortest_ms):",
        "    if (least := calendar.terms.shortest_ms) < 0:",
        (f"{DATES}test_a_brown_out_that_breaks_a_rule_is_refused[brown_out3-takes 15 min at least]",),
    ),
    Guard(
        "version 1 answers between two brown-outs",
        CALENDAR,
        "        if each.end <= added.start < each.end + apart or added.end <= each.start < added.end + apart:",
        "        if False:",
        (f"{DATES}test_version_1_answers_for_an_hour_between_two_brown_outs[0]",),
    ),
    Guard(
        "no answer says to come back to what is away again",
        ROUTES,
        '{"Retry-After": str(seconds)} if comes_back else {}',
        '{"Retry-After": str(seconds)}',
        (f"{ANSWERS}test_who_would_find_version_1_away_again_is_not_told_to_come_back[the end]",),
    ),
    Guard(
        "what hardly anybody can have noticed was not held",
        CALENDAR,
        " if each.length >= self.terms.shortest_ms]",
        "]",
        (f"{DATES}test_what_hardly_anybody_can_have_noticed_was_not_held",),
    ),
    Guard(
        "a brown-out that was withheld was not held",
        CALENDAR,
        "if each.end <= at and each.withheld is None]",
        "if each.end <= at]",
        (
            f"{DATES}test_only_what_is_over_and_began_was_held",
            f"{IN_THE_WAY}[withheld_brown_out-brown_outs-no brown-out was held-retire brownout add]",
        ),
    ),
    Guard(
        "the page is known by what no script can say",
        CALLERS,
        '    if fetch_site == "same-origin" and',
        "    if False and",
        (
            f"{CLIENTS}test_a_client_is_called_as_it_says_but_for_who_it_is_about"
            "[Mozilla/5.0 (X11; Linux x86_64)-same-origin--page]",
            f"{ANSWERS}test_a_brown_out_does_not_begin_while_our_own_page_calls_version_1",
        ),
    ),
    Guard(
        "a token of another client is not our own page's",
        CALLERS,
        " and not token_client and",
        " and",
        (
            f"{CLIENTS}test_a_client_is_called_as_it_says_but_for_who_it_is_about[Mozilla/5.0-same-origin-|-Mozilla]",
            f"{CLIENTS}test_a_client_is_called_as_it_says_but_for_who_it_is_about"
            "[Mozilla/5.0-same-origin-Mozilla-Mozilla]",
        ),
    ),
    Guard(
        "a program that says its name is not our own page",
        CALLERS,
        " and found and found[0] == BROWSER:",
        ":",
        (f"{ANSWERS}test_who_is_no_browser_or_has_a_token_of_another_client_ends_no_brown_out",),
    ),
    Guard(
        "who has an opt-out keeps nobody else in",
        WATCH,
        "records.page_calls(since, spared)",
        "records.page_calls(since, [])",
        (f"{ANSWERS}test_who_only_says_to_be_the_page_and_has_an_opt_out_keeps_nobody_else_in",),
    ),
    Guard(
        "no client is called as the person",
        CALLERS,
        " or _says(name.lower(), user_id.lower())",
        "",
        (f"{CLIENTS}test_a_client_is_called_as_it_says_but_for_who_it_is_about[alice-17/1.0---unnamed]",),
    ),
    Guard(
        "no client's name has a part of an id in it",
        CALLERS,
        " or any(part in name for part in parts)",
        "",
        (f"{CLIENTS}test_no_part_of_an_id_is_in_the_name_of_a_client[smith-app/1.0-alice.smith@example.com]",),
    ),
    Guard(
        "a name is held against the id before it is cut, and after",
        CALLERS,
        "name[:_NAME_LENGTH] in user_id or",
        "name == user_id or",
        (f"{CLIENTS}test_no_part_of_an_id_is_in_the_name_of_a_client[al-alice]",),
    ),
    Guard(
        "a brown-out waits for our own page and components",
        WATCH,
        "        if reason is None:",
        "        if True:",
        (
            f"{ANSWERS}test_a_brown_out_does_not_begin_while_the_old_backend_answers_a_component[GET /v1/energy]",
            f"{ANSWERS}test_a_brown_out_does_not_begin_while_our_own_page_calls_version_1",
        ),
    ),
    Guard(
        "who does not know what of our own calls does not begin",
        WATCH,
        "Remembered[str | None](NOBODY_KNOWS, clock",
        "Remembered[str | None](None, clock",
        (f"{ANSWERS}test_who_does_not_know_whether_something_of_our_own_calls_does_not_begin",),
    ),
    Guard(
        "who knew what of our own calls does not go on with it",
        WATCH,
        "(NOBODY_KNOWS, clock, cache_ms, keeps=False)",
        "(NOBODY_KNOWS, clock, cache_ms, keeps=True)",
        (f"{ANSWERS}test_who_does_not_know_whether_something_of_our_own_calls_does_not_begin",),
    ),
    Guard(
        "a brown-out that does not begin is counted",
        WATCH,
        "        count(MetricName.BROWN_OUTS_WITHHELD)\n",
        "",
        (f"{ANSWERS}test_a_withheld_brown_out_is_counted",),
    ),
    Guard(
        "no brown-out concerns who has an opt-out",
        WATCH,
        " or calendar.spares(call.caller, now)",
        "",
        (f"{ANSWERS}test_no_brown_out_concerns_who_has_an_opt_out[GET /v1/energy]",),
    ),
    Guard(
        "the ledger takes nobody's answer away",
        WATCH,
        "        attempted(NOT_NOTED, lambda: self._records.record(call, now))",
        "        self._records.record(call, now)",
        (f"{ANSWERS}test_whatever_fails_with_calendar_or_ledger_version_1_answers",),
    ),
    Guard(
        "the calendar is read once in ten seconds",
        WATCH,
        "if self._looked_at is None or not 0 <= now - self._looked_at < self._cache_ms:",
        "if True:",
        (f"{ANSWERS}test_the_calendar_is_read_once_in_ten_seconds",),
    ),
    Guard(
        "what was announced goes on while nobody can read it",
        WATCH,
        "            except Exception as error:  # noqa: BLE001 no caller of version 1 pays for it\n",
        "            except ZeroDivisionError as error:\n",
        (
            f"{ANSWERS}test_what_was_announced_goes_on_while_nobody_can_read_it",
            f"{ANSWERS}test_whatever_fails_with_calendar_or_ledger_version_1_answers",
        ),
    ),
    Guard(
        "after the end nothing of version 1 answers",
        WATCH,
        "        if ended := self.sunset():\n            raise ended\n",
        "",
        (f"{ANSWERS}test_after_the_end_everything_is_410_for_everybody[POST /v1/energy-alice]",),
    ),
    Guard(
        "after the end every error is the end",
        ROUTES,
        "_answer(watch.sunset() or error, path, self.current_request)",
        "_answer(error, path, self.current_request)",
        (f"{ANSWERS}test_after_the_end_everything_is_410_for_everybody[GET /v1/energy-None]",),
    ),
    Guard(
        "errors say what is announced too",
        ROUTES,
        "return self._announcing(watch, _answer(",
        "return (lambda _, answer: answer)(watch, _answer(",
        (f"{ANSWERS}test_every_answer_says_what_is_announced_and_is_otherwise_as_before[GET /v1/energy-None]",),
    ),
    Guard(
        "no cache keeps the end, where nobody asks for a token",
        ROUTES,
        "    return keep_private(json_answer(body, status,",
        "    return (lambda answer: answer)(json_answer(body, status,",
        (f"{ANSWERS}test_after_the_end_everything_is_410_for_everybody[GET /v1/{{proxy+}}-None]",),
    ),
    Guard(
        "what the headers link to answers after the end",
        ROUTES,
        'stays = authenticated or (path == DESCRIBED and "GET" in methods)',
        "stays = authenticated",
        (f"{ANSWERS}test_after_the_end_what_the_deprecation_link_names_still_answers",),
    ),
    Guard(
        "no header carries what a caller puts in the place of an id",
        ROUTES,
        " if READING_ID.fullmatch(value) else ANY_SUCCESSOR",
        "",
        (f"{ANSWERS}test_the_successor_is_that_of_what_was_called[/v1/energy/{'5' * 25}-/v2/openapi.json]",),
    ),
)
