"""Printing ``flags explain --at`` for people."""

from rich.markup import escape
from rich.table import Table

from chalicelib.domain.migration.records.usage import Answered
from chalicelib.domain.readings import moment
from chalicelib.flags.changes.past import Past, Possible
from infra.operations.printing import console, folding_table, pairs


def print_past(past: Past) -> None:
    """Who answered then by the records, where these do not reach, and the answers around then."""
    rows = pairs()
    rows.add_row("user", escape(past.user_id))
    rows.add_row("component", past.component.value)
    rows.add_row("at", moment(past.at))
    rows.add_row("backend", f"[bold]{past.backend}[/]" if past.backend else "[yellow]the records do not say it[/]")
    rows.add_row("mode", _mode(past))
    for each in past.possible:
        rows.add_row("by" if len(past.possible) == 1 else "perhaps", _decided(each))
    console.print(rows)
    for text in past.unknown:
        console.print(f"nobody can say: {text}", style="yellow", markup=False)
    for text in past.notes:
        console.print(text, markup=False)
    if past.answers:
        console.print(_answers(past))


def _mode(past: Past) -> str:
    if past.mode.mode is None:
        return "not recorded"
    return (
        f"{past.mode.mode}, {'from the beginning' if past.mode.since is None else f'since {moment(past.mode.since)}'}"
    )


def _decided(each: Possible) -> str:
    decision, change = each.decision, each.change
    by = (
        ""
        if change is None
        else f"; document {change.to_version}, {change.action} by {change.by} at {moment(change.at)}"
    )
    return escape(f"{decision.backend}, {decision.reason}: {each.rule}{by}")


def _answers(past: Past) -> Table:
    table = folding_table("answered (UTC)", "backend", "reason", "document", "ms", "trace")
    for each in past.answers:
        table.add_row(*map(escape, _answer(each)))
    return table


def _answer(each: Answered) -> tuple[str, ...]:
    failed = "" if each.success else " (failed)"
    document, trace = each.document_version or "-", each.trace_id or "-"
    return moment(each.at), f"{each.backend}{failed}", each.reason or "-", document, f"{each.elapsed_ms:.0f}", trace
