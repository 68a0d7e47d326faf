"""Printing a verdict of the gate for people: its conditions, the most urgent first, each with its command."""

from rich.markup import escape

from chalicelib.domain.migration.gate.verdict import Breach, Condition, GateVerdict
from infra.operations.printing import console, minute

MARKS = {True: "[green]holds[/]", False: "[red]does not hold[/]", None: "[yellow]not known[/]"}
FOLLOWS = {
    Breach.STEP_BACK: "a rollout goes one step back",
    Breach.KILL: "a rollout sends everybody back",
}


def print_verdict(verdict: GateVerdict) -> None:
    """One component."""
    said = "[green]open[/]" if verdict.is_open else "[red]shut[/]"
    console.print(f"[bold]{verdict.component}[/] at {minute(verdict.at)} UTC, code {verdict.code or 'unknown'}: {said}")
    for condition in verdict.conditions:
        console.print(_line(condition))


def _line(condition: Condition) -> str:
    """Figure and limit where there are any; what to do where something is to be done."""
    figures = [
        *([condition.figure] if condition.figure else []),
        *([f"limit {condition.limit}"] if condition.limit else []),
        *([f"n {condition.n:,}"] if condition.n is not None else []),
    ]
    shown = f" ({escape(', '.join(figures))})" if figures else ""
    line = f"  {condition.name:<13} {MARKS[condition.holds]}: {escape(condition.text)}{shown}"
    if condition.holds:
        return line
    follows = f"; {FOLLOWS[condition.breach]}" if condition.breach else ""
    return f"{line}{follows}  [dim]{escape(condition.command)}[/]"
