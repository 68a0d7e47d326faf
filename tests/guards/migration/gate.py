"""The guards of the gate: each condition, and what keeps its statistics true."""

from tests.guards.guard import Guard

ROOM = "chalicelib/domain/migration/gate/"
TESTS = "tests/unit/domain/migration/gate/"
SHUT = f"{TESTS}test_judge.py::test_one_thing_alone_shuts_the_gate"

GATE = (
    Guard(
        "a difference waits for its answer",
        f"{ROOM}answers.py",
        "        not waiting,",
        "        True,",
        (f"{SHUT}[a difference]",),
    ),
    Guard(
        "lost data send everybody back",
        f"{ROOM}data.py",
        "Breach.KILL if lost else Breach.STEP_BACK if found else None",
        "None",
        (f"{SHUT}[lost data]",),
    ),
    Guard(
        "an unclean verify shuts the gate",
        f"{ROOM}data.py",
        "    problem = _found(lost, found) or _unverified(seen)",
        "    problem = _unverified(seen)",
        (f"{SHUT}[lost data]",),
    ),
    Guard(
        "an old verify shuts the gate",
        f"{ROOM}data.py",
        "    problem = _found(lost, found) or _unverified(seen)",
        "    problem = _found(lost, found)",
        (
            f"{SHUT}[no verify]",
            f"{SHUT}[other code's verify]",
            f"{SHUT}[an earlier mode's verify]",
        ),
    ),
    Guard(
        "a wrong display kills nothing",
        f"{ROOM}data.py",
        "lost = found - last.calculated if",
        "lost = found if",
        (f"{SHUT}[a wrong display]",),
    ),
    Guard(
        "data that are not ready shut the gate",
        f"{ROOM}data.py",
        "Condition(ConditionName.DATA, False,",
        "Condition(ConditionName.DATA, True,",
        (f"{SHUT}[data not ready]",),
    ),
    Guard(
        "everybody is asked",
        f"{ROOM}answers.py",
        "census_problem(seen, limits)\n",
        "None\n",
        (
            f"{SHUT}[no census]",
            f"{SHUT}[a census that differs]",
            f"{SHUT}[a census under way]",
            f"{SHUT}[other code's census]",
        ),
    ),
    Guard(
        "enough equal answers in a row",
        f"{ROOM}answers.py",
        "    enough = had >= needed",
        "    enough = True",
        (f"{SHUT}[too few in a row]",),
    ),
    Guard(
        "failures and slowness shut the gate",
        f"{ROOM}answers.py",
        "    fine = pairs.peak < limits.evidence",
        "    fine = True",
        (
            f"{SHUT}[failures]",
            f"{SHUT}[slowness]",
        ),
    ),
    Guard(
        "a share that is no chance shuts the gate",
        f"{ROOM}answers.py",
        "    fits = seen.mismatch is None",
        "    fits = True",
        (f"{SHUT}[an odd share]",),
    ),
    Guard(
        "a meter that lags or fails shuts the gate",
        f"{ROOM}data.py",
        "        problem is None,\n        problem or \"no meter's",
        "        True,\n        problem or \"no meter's",
        (
            f"{SHUT}[a failing meter]",
            f"{SHUT}[a lagging meter]",
        ),
    ),
    Guard(
        "a dead letter shuts the gate",
        f"{ROOM}data.py",
        "Condition(ConditionName.DEAD_LETTERS, not count,",
        "Condition(ConditionName.DEAD_LETTERS, True,",
        (f"{SHUT}[a dead letter]",),
    ),
    Guard(
        "an alarm shuts the gate",
        f"{ROOM}data.py",
        "ConditionName.ALARMS, not ringing,",
        "ConditionName.ALARMS, True,",
        (f"{SHUT}[an alarm]",),
    ),
    Guard(
        "an ignore rule that has ended shuts the gate",
        f"{ROOM}answers.py",
        "Condition(ConditionName.RULES, not ended,",
        "Condition(ConditionName.RULES, True,",
        (f"{SHUT}[an ended rule]",),
    ),
    Guard(
        "the way back is rehearsed",
        f"{ROOM}way_back.py",
        "_unrehearsed(seen, limits)\n    return",
        "None\n    return",
        (
            f"{SHUT}[no rehearsal]",
            f"{SHUT}[an old rehearsal]",
            f"{SHUT}[a rehearsal on other code]",
        ),
    ),
    Guard(
        "components rise in their hours",
        f"{ROOM}way_back.py",
        "    may = _within(allowed, local)",
        "    may = True",
        (f"{SHUT}[the wrong hour]",),
    ),
    Guard(
        "what nobody knows shuts the gate",
        f"{ROOM}judge.py",
        "return Condition(name, None, unknown.text",
        "return Condition(name, True, unknown.text",
        (f"{TESTS}test_judge.py::test_what_nobody_knows_shuts_the_gate_and_takes_nobody_back[answers]",),
    ),
    Guard(
        "a difference ends the row of equal answers",
        f"{ROOM}agreements.py",
        "        counted,\n        agreements=0,\n",
        "        counted,\n",
        (f"{TESTS}test_agreements.py::test_equal_answers_count_since_the_last_difference_or_answer",),
    ),
    Guard(
        "an answer begins the row again",
        f"{ROOM}agreements.py",
        "return replace(counted, agreements=0, unanswered",
        "return replace(counted, unanswered",
        (f"{TESTS}test_agreements.py::test_an_answer_for_a_difference_counts_nothing_that_was_before_it",),
    ),
    Guard(
        "evidence that has reached the limit stays there",
        f"{ROOM}pairs.py",
        "peak=max(count.peak, self.evidence(counted))",
        "peak=self.evidence(counted)",
        (f"{TESTS}test_pairs.py::test_a_peak_never_falls",),
    ),
)
