"""``python -m infra compare report | run | replay | ignore``: what both backends answer, held against each other."""

import getpass
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

import click
from rich.table import Column, Table

from chalicelib.api.auth import TokenVerifier
from chalicelib.bootstrap import Container, Rollout, compose, mongo_ports, now
from chalicelib.domain.comparison import Compared, ComparisonReport, DifferenceGroup, IgnoreRule, Outcome
from chalicelib.domain.ports import EventPublisher
from chalicelib.domain.pseudonyms import Pseudonyms
from chalicelib.domain.readings import to_ms
from chalicelib.repositories.known_users import MongoKnownUsers
from chalicelib.services.backend_router import NobodyDecides
from infra.local.errors import StackError
from infra.local.identity import Identity
from infra.local.layout import Layout
from infra.operations.connection import database_of, json_option, name_option
from infra.operations.printing import console, moment, print_json, progress_console

HOURS = 24.0
WRONG = (Outcome.DIFFERENT, Outcome.FAILED)


@click.group()
def compare() -> None:
    """Hold the backends' answers against each other."""


@compare.command()
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), default=HOURS, show_default=True)
@name_option
@json_option
def report(hours: float, name: str, as_json: bool) -> None:
    """What was found lately. Exit code 1 when something differs that nobody answers for."""
    with _comparing(name) as (container, _):
        found = container.comparer.report(now() - int(hours * 3_600_000))
    open_groups = [group for group in found.groups if not _answered_for(group)]
    if as_json:
        print_json({"outcomes": _outcomes(found), "differences": [_document(group) for group in found.groups]})
    else:
        _print_report(found, hours)
    sys.exit(1 if open_groups else 0)


@compare.command()
@click.option("--user", help="everything that one user sees")
@click.option("--all", "everybody", is_flag=True, help="everything that anybody sees")
@click.option("--sample", type=click.IntRange(min=1), help="with --all: of so many users, picked by chance")
@name_option
@json_option
def run(user: str | None, everybody: bool, sample: int | None, name: str, as_json: bool) -> None:
    """Compare now what users see. Exit code 1 when something differs."""
    if (user is None) is not everybody or (sample and not everybody):
        raise click.UsageError("say whom: --user USER, or --all, or --all --sample 20")
    with _comparing(name) as (container, users):
        chosen = [user] if user else _some(users, sample)
        outcomes = Counter(_followed(container.comparer.on_demand(chosen)))
    if as_json:
        print_json({outcome.value: outcomes[outcome] for outcome in Outcome})
    else:
        console.print(_sentence(outcomes))
    sys.exit(1 if any(outcomes[outcome] for outcome in WRONG) else 0)


@compare.command()
@click.argument("fingerprint")
@name_option
@json_option
def replay(fingerprint: str, name: str, as_json: bool) -> None:
    """Ask again now what has shown a difference; who did is kept. Exit code 1 when it still differs."""
    with _comparing(name) as (container, users):
        outcomes = container.comparer.replay(fingerprint, getpass.getuser(), users.known_users).outcomes
    if as_json:
        print_json({outcome.value: count for outcome, count in outcomes.items()})
    else:
        console.print(_sentence(Counter(outcomes)))
    sys.exit(1 if any(outcomes.get(outcome) for outcome in WRONG) else 0)


@compare.command()
@click.argument("fingerprint")
@click.option("--owner", required=True, help="who answers for it")
@click.option("--reason", required=True, help="why it is as it is")
@click.option("--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="the last day on which it is ignored")
@name_option
def ignore(fingerprint: str, owner: str, reason: str, until: datetime, name: str) -> None:
    """Let a known difference count as ignored until a day."""
    expires = to_ms(until.replace(tzinfo=UTC) + timedelta(days=1))
    with _comparing(name) as (container, _):
        container.comparer.ignore(IgnoreRule(fingerprint, owner, reason, expires))
    console.print(f"{fingerprint} is ignored until the end of {until:%Y-%m-%d} (UTC); {owner} answers for it")


@contextmanager
def _comparing(name: str) -> Iterator[tuple[Container, MongoKnownUsers]]:
    """The application on a stack's database, as far as reading goes."""
    with database_of(name) as database:
        rollout = Rollout(NobodyDecides(), Pseudonyms(_key(name).encode()))
        ports = mongo_ports(database, cast(EventPublisher, None))
        yield compose(ports, cast(TokenVerifier, None), now, rollout), MongoKnownUsers(database)


def _key(name: str) -> str:
    """The key for pseudonyms must be the functions' own: with another one nobody is recognised."""
    if key := os.environ.get("PSEUDONYM_KEY"):
        return key
    layout = Layout.of(name)
    if not layout.was_brought_up:
        raise StackError("set PSEUDONYM_KEY to the pseudonymKey of the deployment's secret, or name a laptop stack")
    return Identity(layout.folder).pseudonym_key


def _some(users: MongoKnownUsers, sample: int | None) -> list[str]:
    known = users.known_users()
    if sample is None:
        return list(known)
    everybody = list(known)
    return Random().sample(everybody, min(sample, len(everybody)))  # noqa: S311 a sample, not a secret


def _followed(compared: Iterator[Compared]) -> Iterator[Outcome]:
    for number, each in enumerate(compared, start=1):
        if number % 100 == 0:
            progress_console.print(f"{number} reads compared")
        yield each.outcome


def _answered_for(group: DifferenceGroup) -> bool:
    return group.rule is not None and group.rule.until > now()


def _outcomes(found: ComparisonReport) -> dict[str, dict[str, int]]:
    return {
        component.value: {outcome.value: counts.get(outcome, 0) for outcome in Outcome}
        for component, counts in sorted(found.outcomes.items())
    }


def _document(group: DifferenceGroup) -> dict[str, Any]:
    return {
        "fingerprint": group.fingerprint,
        "component": group.component.value,
        "kind": group.kind.value,
        "place": group.place,
        "count": group.count,
        "users": group.users,
        "first": moment(group.first),
        "last": moment(group.last),
        "ignored": _ignored(group),
    }


def _print_report(found: ComparisonReport, hours: float) -> None:
    if not found.outcomes:
        console.print(f"nothing was compared in the last {hours:g} hours")
        return
    table = Table("component", *(outcome.value for outcome in Outcome))
    for component, counts in _outcomes(found).items():
        table.add_row(component, *map(str, counts.values()))
    console.print(table)
    if found.groups:
        place = Column("place", overflow="fold")
        rows = Table("fingerprint", "component", "kind", place, "count", "users", "last seen", "ignored")
        for group in found.groups:
            cells = (group.fingerprint, group.component.value, group.kind.value, group.place)
            rows.add_row(*cells, str(group.count), str(group.users), moment(group.last), _ignored(group) or "-")
        console.print(rows)


def _ignored(group: DifferenceGroup) -> str | None:
    if group.rule is None:
        return None
    state = "until" if _answered_for(group) else "EXPIRED"
    return f"{state} {moment(group.rule.until)}, {group.rule.owner}: {group.rule.reason}"


def _sentence(outcomes: Counter[Outcome]) -> str:
    counted = ", ".join(f"{outcomes[outcome]} {outcome.value}" for outcome in Outcome)
    return f"{outcomes.total()} reads compared: {counted}"
