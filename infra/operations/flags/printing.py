"""Printing the flags' commands for people."""

from collections.abc import Iterable, Sequence

from rich.markup import escape
from rich.table import Table

from chalicelib.domain.migration.records.flag_history import ChangeState, ComponentAnswer, FlagChange
from chalicelib.flags.changes.inspect import Explanation, Listing
from chalicelib.flags.changes.planning import Plan
from chalicelib.flags.changes.request import ChangeResult
from chalicelib.flags.document.flag import Flag, plain
from chalicelib.flags.document.names import GLOBAL, short_name
from infra.operations.printing import console, folding_table, minute, pairs

FEW_IDS = 3
PEOPLE_SHOWN = 1_000  # of a plan, in each direction
NOT_ANSWERED = "the deployed API answers, and does not decide by it: flags list, then the functions' log"


def print_listing(listing: Listing) -> None:
    """The flags, then what the operator has to know about them."""
    for name, problem in listing.malformed.items():
        console.print(f"[red]{name} cannot be read, so it decides 'old': {escape(problem)}[/]")
    console.print(flags_table(listing))
    deployed = listing.deployed
    console.print(f"document {listing.document.version}, AppConfig's version {deployed.config_version}")
    if deployed.under_way is not None:
        console.print(f"[yellow]deployment {deployed.under_way} is under way[/]")
    if listing.document.unknown:
        console.print(
            f"no flags of this application, kept unchanged: {escape(', '.join(sorted(listing.document.unknown)))}"
        )
    print_gate(listing.flags, listing.overruled)
    if listing.blocked_by:
        console.print(f"[yellow]nothing may rise yet: {listing.blocked_by}[/]")


def flags_table(listing: Listing) -> Table:
    """One row per flag. Names and instants are never broken."""
    table = folding_table("flag", "state", "percent", "test users", "blocked", "since (UTC)")
    table.columns[0].no_wrap = table.columns[-1].no_wrap = True
    for flag in listing.flags:
        test_users, blocked = _few(flag.test_user_ids), _few(flag.blocked_user_ids)
        table.add_row(short_name(flag.name), _state(flag), _percent(flag), test_users, blocked, minute(flag.updated_at))
    for name in listing.malformed:
        table.add_row(name, "[red]malformed[/]", "-", "-", "-", "-")
    return table


def print_gate(flags: Iterable[Flag], overruled: str | None) -> None:
    """Say so where the components' flags decide nothing."""
    if overruled:
        console.print(f"[red]{overruled}[/]")
    elif not any(flag.name == GLOBAL and flag.enabled for flag in flags):
        console.print("the global gate is off: everybody gets the old backend")


def print_change(made: ChangeResult, answered: bool | None, problem: str | None) -> None:
    """What was changed, how long it took to be in effect, and what keeps it from that (``problem``)."""
    change = made.change
    console.print(changes_table([change]))
    if change.in_effect_ms is not None:
        console.print(f"in effect everywhere after {change.in_effect_ms / 1000:.1f} s")
    if problem:
        console.print(problem, style="red", markup=False)
    elif answered is not None:
        console.print("the deployed API decides by it" if answered else f"[red]{NOT_ANSWERED}[/]")
    if not made.recorded:
        console.print("[yellow]the database did not answer: the change is not in flags history[/]")


def print_changes(changes: Sequence[FlagChange]) -> None:
    """Changes, one row per flag that changed."""
    console.print(changes_table(changes, times=True))


def changes_table(changes: Sequence[FlagChange], *, times: bool = False) -> Table:
    """Only who and why may go on in the next line. ``times``: with after how long each was in effect."""
    table = Table(box=None, pad_edge=False)
    for name in ("when (UTC)", "what", "flag", "from what to what"):
        table.add_column(name, no_wrap=True)
    table.add_column("who and why", overflow="fold")
    for change in changes:
        for name in change.after or ["-"]:
            what = change.action if change.state is ChangeState.DEPLOYED else f"{change.action} ({change.state})"
            course = f"{_words(change.before.get(name))} → {_words(change.after.get(name))}"
            is_timed = times and change.in_effect_ms is not None
            seen = f" (in effect after {(change.in_effect_ms or 0) / 1000:.1f} s)" if is_timed else ""
            by = escape(f"{change.by}: {change.reason}{seen}")
            table.add_row(minute(change.at), what, short_name(name), course, by)
    return table


def print_plan(plan: Plan) -> None:
    """Who enters, who leaves, and the sum."""
    table = folding_table("user", "bucket", "")
    for steps, way in ((plan.entering, "[green]enters[/]"), (plan.leaving, "[red]leaves[/]")):
        for step in steps[:PEOPLE_SHOWN]:
            table.add_row(escape(step.user_id), str(step.bucket), way)
    console.print(table)
    if more := sum(max(0, len(steps) - PEOPLE_SHOWN) for steps in (plan.entering, plan.leaving)):
        console.print(f"and {more:,} more, whom --json names")
    shares = f"{_percent(plan.before)} to {_percent(plan.after)}"
    people = f"{plan.in_before} of {plan.known} known users are in, {plan.in_after} will be"
    console.print(f"{plan.before.name}, {shares}: {people}; {len(plan.entering)} enter, {len(plan.leaving)} leave")
    console.print(f"to do it: python -m infra flags {_doing(plan)} --reason WHY")


def _doing(plan: Plan) -> str:
    """What leads to where a plan ends."""
    name, wanted = short_name(plan.after.name), plain(plan.after.rollout_percent)
    if plan.after.rollout_percent < plan.before.rollout_percent:
        return f"rollback {name} --to {wanted}"
    return f"set {name} --percent {wanted}{'' if plan.after.exact_user_ids is None else ' --exact'}"


def print_explanation(found: Explanation) -> None:
    """One decision, with its reason."""
    rows = pairs()
    decision = found.decision
    rows.add_row("user", escape(found.user_id))
    rows.add_row("component", found.component.value)
    rows.add_row("backend", f"[bold]{decision.backend}[/]")
    rows.add_row("reason", f"{decision.reason}: {found.rule}")
    rows.add_row("bucket", "-" if decision.bucket is None else f"{decision.bucket} of 0 to 99999")
    rows.add_row("document", found.document_version or "none")
    console.print(rows)


def _state(flag: Flag) -> str:
    if flag.retired:
        return "retired"
    return "[green]on[/]" if flag.enabled else "off"


def _percent(flag: Flag) -> str:
    if flag.name == GLOBAL:
        return "-"
    exact = "" if flag.exact_user_ids is None else f" ({len(flag.exact_user_ids)} by id)"
    return f"{plain(flag.rollout_percent)} %{exact}"


def _few(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - FEW_IDS} more" if len(ids) > FEW_IDS else ""
    return escape(", ".join(ids[:FEW_IDS]) or "-") + more


def _words(flag: ComponentAnswer | None) -> str:
    """A flag in a few words."""
    if flag is None:
        return "-"
    words = ["retired" if flag.get("retired") else "on" if flag["enabled"] else "off"]
    if "rolloutPercent" in flag:
        words.append(f"{flag['rolloutPercent']} %")
    words += [f"{len(flag[key])} {what}" for key, what in _LISTS.items() if flag.get(key)]
    return ", ".join(words)


_LISTS = {"exactUserIds": "by id", "testUserIds": "test users", "blockedUserIds": "blocked"}
