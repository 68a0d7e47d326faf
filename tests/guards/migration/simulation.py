"""The guards of the simulator: they make sure that its zeros mean something."""

from tests.guards.guard import Guard

LIVED = "tests/integration/simulation/test_simulation.py::"
FIGURES = "infra/simulation/figures.py"

SIMULATION = (
    Guard(
        "the simulator's zeros",
        FIGURES,
        "return not any(zeros) and self.false_rollbacks <= FALSE_ROLLBACKS",
        "return self.false_rollbacks <= FALSE_ROLLBACKS",
        (
            f"{LIVED}test_where_the_gate_is_always_open_the_bug_is_not_found",
            "tests/unit/infra/operations/test_simulate_command.py::"
            "test_one_seed_that_does_not_hold_is_an_exit_code_of_1",
        ),
    ),
    Guard(
        "the simulator looks again where something has changed",
        "infra/simulation/outside.py",
        "if before != (now := stamp()):",
        "if (now := stamp()) and key not in self.remembered:",
        (f"{LIVED}test_a_slow_backend_is_taken_back",),
    ),
    Guard(
        "the simulator holds answers against each person's own book",
        "infra/simulation/people.py",
        "if not self._book.is_right(read, answer, outside.clock(), at_version=is_new):",
        "if False:",
        (f"{LIVED}test_an_answer_that_nobody_s_book_explains_is_counted",),
    ),
)
