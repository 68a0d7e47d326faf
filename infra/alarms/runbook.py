"""Writes the chapter of infra/README.md that says of each alarm what it means, where to look and what to do.

``python -m infra.alarms.runbook`` writes it; a test holds it against the rules.
"""

from pathlib import Path

from infra.alarms.alarm_rule import MEMBER, Rule
from infra.alarms.rules import RULES

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- alarms: written by python -m infra.alarms.runbook -->\n", "<!-- end of alarms -->\n"
HEAD = "| alarm | what it means | look | act |\n|---|---|---|---|\n"


def table() -> str:
    """Return the table of all alarms, the critical ones first."""
    return HEAD + "".join(map(_row, RULES))


def written(readme: str) -> str:
    """Return the README with today's table between its marks. Raises ValueError where they are missing."""
    before, _, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"infra/README.md has no line {BEGIN!r} with {END!r} behind it: put both back")
    return f"{before}{BEGIN}{table()}{END}{after}"


def _row(rule: Rule) -> str:
    name = f"`{rule.name}`" + (f", one per {rule.each}" if rule.each else "")
    cells = [f"{name}, {rule.severity}", rule.sentence, f"`{_short(rule.look)}`", f"`{_short(rule.act)}`"]
    return f"| {' | '.join(cells)} |\n".replace(MEMBER, f"{rule.each}".upper().replace(" ", "_"))


def _short(command: str) -> str:
    """A command as the other chapters write it."""
    return command.replace("python -m infra", "$I")


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
