"""The guards of automatic rollouts: what keeps a way back, a reason, a second person and the records."""

from tests.guards.guard import Guard

REFUSED = "tests/unit/services/migration/rollouts/test_refused.py::"
CARRYING = "tests/unit/services/migration/rollouts/test_carrying.py::"
COMMANDS = "tests/unit/services/migration/rollouts/test_commands.py::"
ROLLOUT = "chalicelib/domain/migration/rollouts/rollout.py"
NEXT = "chalicelib/domain/migration/rollouts/next_action.py"
CARRIER = "chalicelib/services/migration/rollouts/carrier.py"
ROLLOUT_COMMANDS = "chalicelib/services/migration/rollouts/commands.py"
FLAGS = "tests/unit/flags/changes/"
GATED = f"{FLAGS}test_gated.py::"
GATED_RISES = "chalicelib/flags/changes/gated.py"
PAST = "chalicelib/flags/changes/past.py"
EXPLAINED = "tests/unit/flags/changes/test_past.py::"

ROLLOUTS = (
    Guard(
        "the reason of a refusal is kept with the version that is stored",
        CARRIER,
        'self._see(Wait(f"{NOT_DONE}: {error}"), self._stored(rollout))',
        'self._see(Wait(f"{NOT_DONE}: {error}"), rollout)',
        (
            f"{REFUSED}test_why_a_step_was_refused_is_kept_until_it_is_taken",
            f"{REFUSED}test_why_the_way_back_was_refused_is_kept_and_it_is_tried_each_minute",
        ),
    ),
    Guard(
        "the reason of a refusal is kept until the next try",
        NEXT,
        "if rollout.seen is not None and rollout.seen.text.startswith(NOT_DONE):",
        "if False:",
        (f"{REFUSED}test_why_a_step_was_refused_is_kept_until_it_is_taken",),
    ),
    Guard(
        "a way back that is refused rings the alarm",
        ROLLOUT,
        " or (self.way_back is not None and self.way_back.tries > 1)",
        "",
        (f"{REFUSED}test_a_way_back_that_is_refused_rings_the_alarm",),
    ),
    Guard(
        "tries that are refused come later each time",
        ROLLOUT,
        "return replace(rollout, intent=replace(intent, tries=before.tries + 1))",
        "return replace(rollout, intent=intent)",
        (f"{REFUSED}test_a_step_that_is_refused_is_tried_again_later_each_time",),
    ),
    Guard(
        "one look judges all rollouts",
        CARRIER,
        "verdicts = self.gate.verdicts([rollout.component for rollout in carried])",
        "verdicts = [self.gate.verdict(rollout.component) for rollout in carried]",
        (f"{CARRYING}test_all_are_judged_in_one_look_so_that_lost_data_are_answered_at_once",),
    ),
    Guard(
        "the breach of a flag that somebody has lowered a bit",
        NEXT,
        "if is_lower and (breach is None or _is_a_step_back(rollout, flag)):",
        "if is_lower:",
        (f"{CARRYING}test_who_lowers_the_flag_in_a_breach_spares_it_no_part_of_the_step_back[49.9-10]",),
    ),
    Guard(
        "the reason of a way back that nobody could record",
        NEXT,
        'return found if verdict.breach is None else f"{verdict.breach.text}; {found}"',
        "return found",
        (
            f"{CARRYING}test_a_way_back_without_the_database_keeps_its_reason",
            f"{CARRYING}test_a_kill_says_its_reason_in_every_rollout",
        ),
    ),
    Guard(
        "a way back that was begun is not taken the place of",
        ROLLOUT_COMMANDS,
        "    if back is not None:",
        "    if False:",
        (
            f"{COMMANDS}test_a_way_back_that_was_begun_is_forgotten_by_nobody[pause]",
            f"{COMMANDS}test_a_way_back_that_was_begun_is_forgotten_by_nobody[resume]",
            f"{COMMANDS}test_a_new_rollout_waits_until_the_way_back_of_the_one_before_is_made",
        ),
    ),
    Guard(
        "an abort tries again when somebody was faster",
        ROLLOUT_COMMANDS,
        "            with suppress(OvertakenError):",
        "            with suppress(ZeroDivisionError):",
        (f"{COMMANDS}test_an_abort_goes_back_though_the_schedule_stores_something_meanwhile[1]",),
    ),
    Guard(
        "a pause names the step that is on its way",
        ROLLOUT,
        "    late = rollout.late_step(at)",
        "    late = None",
        (f"{COMMANDS}test_a_pause_names_the_step_that_is_on_its_way",),
    ),
    Guard(
        "the second person's agreement to doing without one",
        ROLLOUT_COMMANDS,
        "agreed is None or agreed.percent != NOBODY or",
        "agreed is None or",
        (f"{COMMANDS}test_doing_without_a_second_person_takes_a_second_person",),
    ),
    Guard(
        "the second person's agreement to pass by a shut gate",
        ROLLOUT,
        "not (gate_is_open or agreed.named)",
        "False",
        (f"{COMMANDS}test_an_agreement_to_the_plans_step_is_none_to_pass_by_a_gate_that_is_shut",),
    ),
    Guard(
        "what was deployed without a record between two changes",
        PAST,
        "if newer.from_version != older.to_version:",
        "if False:",
        (f"{EXPLAINED}test_what_was_deployed_without_a_record_between_two_changes_is_missed",),
    ),
    Guard(
        "what nobody knows to be in effect does not count by itself",
        PAST,
        "return IN_EFFECT_MS if change.problem == NOT_SEEN else",
        "return IN_EFFECT_MS if True else",
        (
            f"{EXPLAINED}"
            "test_a_change_of_which_nobody_knows_whether_it_came_into_effect_does_not_count_by_itself[silent]",
        ),
    ),
    Guard(
        "the second in which some go by the mode before",
        PAST,
        "return mode.read_late(mode_then(changes, now, at - MODE_MS), at)",
        "return mode",
        (f"{EXPLAINED}test_for_a_second_after_a_change_of_mode_some_still_go_by_the_one_before",),
    ),
    Guard(
        "changes that failed hide none that is in effect",
        PAST,
        "if found.unknown and len(latest) == LATEST_CHANGES:",
        "if False:",
        (f"{EXPLAINED}test_how_far_back_it_looks_is_said_where_that_is_not_enough[10]",),
    ),
    Guard(
        "an agreement is given back where the change is refused",
        GATED_RISES,
        "        except (RevisionError, RolloutError):\n",
        "        except ZeroDivisionError:\n",
        (f"{GATED}test_an_agreement_is_left_where_appconfig_refuses_the_change",),
    ),
    Guard(
        "an agreement is used up before the change",
        GATED_RISES,
        "if not self.rollouts.save(used_up(rollout)):",
        "if not self.rollouts.save(rollout):",
        (
            f"{GATED}test_an_agreement_is_left_where_appconfig_refuses_the_change",
            f"{GATED}test_a_rise_by_hand_needs_a_second_person_where_the_plan_says_so[change0]",
        ),
    ),
    Guard(
        "the second person's agreement to a rise by hand past a shut gate",
        GATED_RISES,
        "_check_agreed(rollout, wanted, request.by, gate_is_open=verdict.is_open)",
        "_check_agreed(rollout, wanted, request.by, gate_is_open=True)",
        (f"{GATED}test_by_hand_the_agreement_to_the_plans_step_is_none_to_pass_by_a_gate_that_is_shut",),
    ),
    Guard(
        "the gate before a step of a rollout",
        "chalicelib/domain/migration/rollouts/next_action.py",
        "    if shut is not None:",
        "    if False:",
        (
            f"{CARRYING}test_a_gate_that_is_shut_holds_and_says_why[conditions0]",
            f"{CARRYING}test_a_gate_that_is_shut_holds_and_says_why[conditions1]",
        ),
    ),
    Guard(
        "the hold time before a step of a rollout",
        "chalicelib/domain/migration/rollouts/next_action.py",
        "    if now < rollout.held_until:",
        "    if False:",
        (f"{CARRYING}test_the_schedule_alone_carries_a_component_to_everybody",),
    ),
    Guard(
        "the step back on a breach",
        "chalicelib/domain/migration/rollouts/next_action.py",
        "if breach is not None and rollout.state is not State.STOPPED:",
        "if False:",
        (
            f"{CARRYING}test_a_breach_goes_back_one_step_at_once_and_stops_with_the_reason",
            f"{CARRYING}test_a_paused_rollout_goes_back_on_a_breach_and_never_rises",
        ),
    ),
    Guard(
        "the kill for lost data",
        "chalicelib/domain/migration/rollouts/next_action.py",
        "if breach is not None and breach.breach is Breach.KILL:",
        "if False:",
        (f"{CARRYING}test_lost_data_kills_whatever_becomes_of_the_rest",),
    ),
    Guard(
        "the stop of a rollout whose flag somebody has taken back",
        "chalicelib/domain/migration/rollouts/next_action.py",
        "if is_lower and (breach is None or _is_a_step_back(rollout, flag)):",
        "if False:",
        (f"{CARRYING}test_a_gate_that_somebody_shuts_stops_it",),
    ),
    Guard(
        "the way back that was begun",
        "chalicelib/domain/migration/rollouts/next_action.py",
        "    if intent is not None:\n        if flag.is_back_at",
        "    if False:\n        if flag.is_back_at",
        (f"{COMMANDS}test_an_abort_that_dies_anywhere_is_carried_to_its_end[1]",),
    ),
    Guard(
        "the time of who takes a step",
        "chalicelib/domain/migration/rollouts/next_action.py",
        "if rollout.intent is not None and now < rollout.intent.again_at:",
        "if False:",
        (f"{CARRYING}test_a_step_that_is_being_taken_is_left_to_who_is_at_it",),
    ),
    Guard(
        "the breach that no hurry passes by",
        "chalicelib/domain/migration/rollouts/next_action.py",
        "    if verdict.breach is not None:",
        "    if False:",
        (f"{COMMANDS}test_hurry_never_passes_by_a_breach_where_nobody_is_on_the_new_backend_yet",),
    ),
    Guard(
        "the second person before a rise",
        "chalicelib/domain/migration/rollouts/rollout.py",
        "        if agreed is None or not (gate_is_open or agreed.named):\n            return False\n"
        "        return agreed.percent == percent and agreed.by != by",
        "        return True",
        (
            f"{COMMANDS}test_a_rise_waits_for_a_second_person_and_test_users_do_not",
            f"{GATED}test_a_rise_by_hand_needs_a_second_person_where_the_plan_says_so[change0]",
        ),
    ),
    Guard(
        "the second person who is another one",
        "chalicelib/domain/migration/rollouts/rollout.py",
        "agreed.percent == percent and agreed.by != by",
        "agreed.percent == percent",
        (f"{COMMANDS}test_who_agreed_cannot_hurry_it",),
    ),
    Guard(
        "the intent before a step",
        "chalicelib/services/migration/rollouts/taking.py",
        "rollout, change = self.stored(intended(rollout, intent)), None",
        "rollout, change = (rollout, intent)[0], None",
        (
            f"{CARRYING}test_two_schedules_at_once_take_one_step",
            f"{CARRYING}test_a_rise_waits_for_the_record",
        ),
    ),
    Guard(
        "the way back without the record",
        "chalicelib/services/migration/rollouts/taking.py",
        """            logger().error(NOT_RECORDED, exc_info=error)
            return rollout""",
        """            raise""",
        (f"{CARRYING}test_the_way_back_does_not_wait_for_the_record",),
    ),
    Guard(
        "the way back before other rollouts' steps",
        "chalicelib/services/migration/rollouts/carrier.py",
        "judged.sort(key=lambda each: _urgency(each[1]))",
        "pass",
        (f"{CARRYING}test_the_way_back_comes_before_everything_else_and_has_its_share_of_the_time",),
    ),
    Guard(
        "the version of a rollout's record",
        "chalicelib/repositories/rollouts.py",
        "self._rollouts.replace_one(as_read, document).matched_count",
        'self._rollouts.replace_one({"_id": as_read["_id"]}, document).matched_count',
        ("tests/contract/migration/test_rollouts.py::test_of_two_who_have_read_the_same_one_is_kept[mongo]",),
    ),
    Guard(
        "the document on top of which a step is taken",
        "chalicelib/flags/changes/carried.py",
        "request = ChangeRequest(asked.by, asked.reason, expected)",
        "request = ChangeRequest(asked.by, asked.reason)",
        (f"{FLAGS}test_carried.py::test_a_step_is_taken_only_on_top_of_the_document_that_was_looked_at",),
    ),
    Guard(
        "the gate before a rise by hand",
        "chalicelib/flags/changes/gated.py",
        "if not (verdict.is_open or request.hurry):",
        "if False:",
        (f"{GATED}test_a_rise_is_refused_while_the_gate_is_shut_and_says_what_comes_first[conditions0]",),
    ),
    Guard(
        "the gate before what the global gate lets in",
        "chalicelib/flags/changes/apply.py",
        "opened = opens(before.flags.values(), flag, wanted)",
        "opened = list[Flag]()",
        (f"{GATED}test_opening_the_global_gate_is_a_rise_of_what_stands_behind_it",),
    ),
    Guard(
        "the rollout before a rise by hand",
        "chalicelib/flags/changes/gated.py",
        "if rollout.state is State.RUNNING:",
        "if False:",
        (f"{GATED}test_while_a_rollout_carries_the_component_nobody_raises_it_by_hand[change1]",),
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
)
