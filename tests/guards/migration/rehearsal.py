"""The guards of the rehearsal: what makes it notice, and end what it has started."""

from tests.guards.guard import Guard

TIMELINE = "tests/unit/infra/rehearsal/test_timeline.py::"
WHOLE = "tests/unit/infra/rehearsal/test_rehearse.py::"
PEOPLE = "tests/unit/infra/rehearsal/test_people.py::"
RETIRING = "tests/unit/infra/rehearsal/test_retiring.py::"
ROLLING = "tests/unit/infra/rehearsal/test_rolling.py::"

REHEARSAL = (
    Guard(
        "a step that fails ends the rehearsal",
        "infra/rehearsal/timeline.py",
        "if not entry.holds:",
        "if False:",
        (f"{TIMELINE}test_what_is_wrong_beside_a_step_fails_it",),
    ),
    Guard(
        "a wrong answer to somebody fails the step that it happened in",
        "infra/rehearsal/timeline.py",
        "        check()\n    except",
        "    except",
        (f"{TIMELINE}test_what_is_wrong_beside_a_step_fails_it",),
    ),
    Guard(
        "whatever happens, what was begun is ended",
        "infra/rehearsal/rehearse.py",
        "            scene.end()",
        "            pass",
        (f"{WHOLE}test_everything_ends_when_the_program_is_told_to_end",),
    ),
    Guard(
        "the command fails where a step did",
        "infra/operations/rehearsal.py",
        "sys.exit(0 if made.passed else 1)",
        "sys.exit(0)",
        (f"{WHOLE}test_the_command_prints_the_timeline_and_fails_with_it[made1-1-01:01]",),
    ),
    Guard(
        "a missing guard counts as noticed by its own step alone",
        "infra/rehearsal/rehearse.py",
        " and failed.name == self.without.noticed_by",
        "",
        (f"{WHOLE}test_a_missing_guard_is_noticed_by_its_own_step_alone[backfill-False]",),
    ),
    Guard(
        "a table that somebody sees is held against what was acknowledged",
        "infra/rehearsal/people.py",
        "        if missed := self.person.missed(shown):",
        "        if (missed := 1) > 1:",
        (
            f"{PEOPLE}test_a_table_that_is_not_what_was_acknowledged_is_a_wrong_answer[lost]",
            f"{PEOPLE}test_version_1_is_held_against_the_same_ledger",
        ),
    ),
    Guard(
        "in the end what nobody has written counts as wrong too",
        "infra/rehearsal/people.py",
        "for slot in {*kept, *shown})",
        "for slot in kept)",
        (f"{PEOPLE}test_in_the_end_everybody_has_everything_of_every_meter",),
    ),
    Guard(
        "a rise past a shut gate is noticed",
        "infra/rehearsal/rolling.py",
        'require(not past, f"{len(past)} of',
        'require(True, f"{len(past)} of',
        (f"{ROLLING}test_a_rise_past_a_shut_gate_is_noticed[False]",),
    ),
    Guard(
        "a brown-out that is refused for something else is not taken for withheld",
        "infra/rehearsal/retiring.py",
        'require("our own" in str(refused), str(refused))',
        "pass",
        (f"{RETIRING}test_a_brown_out_that_is_refused_for_something_else_is_not_taken_for_withheld",),
    ),
    Guard(
        "who left in spite of a blocker is noticed",
        "infra/rehearsal/retiring.py",
        'require(found.code == 0, f"left in spite',
        'require(True, f"left in spite',
        (f"{RETIRING}test_who_has_not_left_in_order_is_noticed[410-otherwise1-the sunset is not reached]",),
    ),
)
