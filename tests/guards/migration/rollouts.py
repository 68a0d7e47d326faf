"""The guards of rollouts that carry themselves: what keeps a way back, a reason, a second person and the records."""

from tests.guards.guard import Guard

REFUSED = "tests/unit/services/migration/rollouts/test_refused.py::"
CARRYING = "tests/unit/services/migration/rollouts/test_carrying.py::"
DESK = "tests/unit/services/migration/rollouts/test_desk.py::"
ROLLOUT = "chalicelib/domain/migration/rollouts/rollout.py"
NEXT = "chalicelib/domain/migration/rollouts/next_action.py"
CARRIER = "chalicelib/services/migration/rollouts/carrier.py"
ROLLOUT_DESK = "chalicelib/services/migration/rollouts/desk.py"
GATED = "tests/unit/flags/changes/test_gated.py::"
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
        ROLLOUT_DESK,
        "    if back is not None:",
        "    if False:",
        (
            f"{DESK}test_a_way_back_that_was_begun_is_forgotten_by_nobody[pause]",
            f"{DESK}test_a_way_back_that_was_begun_is_forgotten_by_nobody[resume]",
            f"{DESK}test_a_new_rollout_waits_until_the_way_back_of_the_one_before_is_made",
        ),
    ),
    Guard(
        "an abort tries again when somebody was faster",
        ROLLOUT_DESK,
        "            with suppress(OvertakenError):",
        "            with suppress(ZeroDivisionError):",
        (f"{DESK}test_an_abort_goes_back_though_the_schedule_stores_something_meanwhile[1]",),
    ),
    Guard(
        "a pause names the step that is on its way",
        ROLLOUT,
        "    late = rollout.late_step(at)",
        "    late = None",
        (f"{DESK}test_a_pause_names_the_step_that_is_on_its_way",),
    ),
    Guard(
        "the second person's agreement to doing without one",
        ROLLOUT_DESK,
        "agreed is None or agreed.percent != NOBODY or",
        "agreed is None or",
        (f"{DESK}test_doing_without_a_second_person_takes_a_second_person",),
    ),
    Guard(
        "the second person's agreement to pass by a shut gate",
        ROLLOUT,
        "not (gate_is_open or agreed.named)",
        "False",
        (f"{DESK}test_an_agreement_to_the_plans_step_is_none_to_pass_by_a_gate_that_is_shut",),
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
            f"{GATED}test_a_rise_by_hand_needs_a_second_person_where_the_plan_asks_for_one[order0]",
        ),
    ),
    Guard(
        "the second person's agreement to a rise by hand past a shut gate",
        GATED_RISES,
        "_check_agreed(rollout, wished, order.by, gate_is_open=verdict.is_open)",
        "_check_agreed(rollout, wished, order.by, gate_is_open=True)",
        (f"{GATED}test_by_hand_the_agreement_to_the_plans_step_is_none_to_pass_by_a_gate_that_is_shut",),
    ),
)
