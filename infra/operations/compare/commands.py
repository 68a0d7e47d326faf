"""``python -m infra compare ...``: the backends' answers compared, and what the pages measured."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from chalicelib.bootstrap.comparer import shell_comparer, shell_page_times
from chalicelib.bootstrap.operations import now
from chalicelib.domain.migration.records.comparison_log import COMPARED, ComparisonResult, IgnoreRule, Outcome
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import DAY_MS, to_ms
from chalicelib.services.migration.comparison.replays import AT_ONCE, MOST
from chalicelib.services.migration.comparison.runs import BackendComparer
from infra.errors import OperatorError
from infra.local.identity import Identity
from infra.operations.compare.feedback import feedback_document, print_feedback, print_feedback_report
from infra.operations.compare.printing import counted, print_replay, print_report, replay_document, report_document
from infra.operations.compare.times import print_times, times_document
from infra.operations.printing import console, print_json, progress_console
from infra.operations.reason import reason_option
from infra.targets.database import database_of, own_code
from infra.targets.options import json_option, with_target
from infra.targets.target import Target, person

HOUR_MS = 3_600_000
KEPT_HOURS = 90 * 24
FEEDBACK_HOURS = 180 * 24
MEASURED_HOURS = 30 * 24
FEEDBACK_SHOWN = 5  # in a report; ``compare feedback`` lists more
PROGRESS = 100


@click.group()
def compare() -> None:
    """Compare the backends' answers."""


@compare.command()
@click.option("--hours", type=click.IntRange(1, KEPT_HOURS), default=24, show_default=True, help="how far back to look")
@with_target(changes=False)
@json_option
def report(target: Target, hours: int, as_json: bool) -> None:
    """What was found lately. Exit code 1 when something differs that is open, or when nothing was compared."""
    with _comparing(target) as comparer:
        since = now() - hours * HOUR_MS
        found, feedback = comparer.report(since), comparer.feedback(since, FEEDBACK_SHOWN)
    if as_json:
        print_json(report_document(found) | {"feedback": feedback_document(feedback)})
    else:
        print_report(found, hours)
        print_feedback_report(feedback, hours)
    sys.exit(1 if not found.compared or any(group.is_open(now()) for group in found.groups) else 0)


@compare.command("feedback")
@click.option("--hours", type=click.IntRange(1, FEEDBACK_HOURS), default=7 * 24, show_default=True, help="how far back")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="how many, the latest first")
@with_target(changes=False)
@json_option
def list_feedback(target: Target, hours: int, limit: int, as_json: bool) -> None:
    """What people say looks wrong, what they had asked, and what came of comparing it."""
    with _comparing(target) as comparer:
        found = comparer.feedback(now() - hours * HOUR_MS, limit)
    if as_json:
        print_json(feedback_document(found))
    else:
        print_feedback(found, hours)


@compare.command()
@click.option("--hours", type=click.IntRange(1, MEASURED_HOURS), default=24, show_default=True, help="how far back")
@with_target(changes=False)
@json_option
def times(target: Target, hours: int, as_json: bool) -> None:
    """How fast pages are by the old backend and by the new one. Exit code 1 when nothing was measured."""
    with database_of(target) as database:
        found = shell_page_times(database).report(now() - hours * HOUR_MS)
    if as_json:
        print_json(times_document(found))
    else:
        print_times(found, hours)
    sys.exit(0 if any(each.is_known for each in found) else 1)


@compare.command()
@click.option("--user", help="what one user says looks wrong, and everything that they see")
@click.option("--all", "everybody", is_flag=True, help="the same of everybody")
@click.option("--sample", type=click.IntRange(min=1), help="with --all: the pages of this many users, picked by chance")
@with_target(changes=True)
@json_option
def run(target: Target, user: str | None, everybody: bool, sample: int | None, as_json: bool) -> None:
    """Compare now what users see. Exit code 1 when something differs or fails, or nothing could be compared."""
    if (user is None) is not everybody or (sample and not everybody):
        raise click.UsageError("say whom: --user USER, or --all, or --all --sample 20")
    with _comparing(target, asking=True) as comparer:
        asked = comparer.of_everybody(sample) if user is None else comparer.of_user(user)
        outcomes = Counter(_followed(asked))
    if as_json:
        print_json({outcome.value: outcomes[outcome] for outcome in Outcome})
    else:
        console.print(counted(outcomes) if outcomes else "nothing was compared: nobody there has a meter or a reading")
    wrong = outcomes[Outcome.DIFFERENT] + outcomes[Outcome.FAILED]
    sys.exit(1 if wrong or not any(outcomes[outcome] for outcome in COMPARED) else 0)


@compare.command()
@click.argument("fingerprint")
@click.option("--limit", type=click.IntRange(1, MOST), default=AT_ONCE, show_default=True, help="how many, the latest")
@with_target(changes=True)
@json_option
def replay(target: Target, fingerprint: str, limit: int, as_json: bool) -> None:
    """Ask again now what has shown a difference; who did is kept.

    Exit code 1 unless all that is recorded of it was asked again and shows it no more; what is left is said.
    """
    with _comparing(target, asking=True) as comparer:
        made = comparer.replay(fingerprint, person(), limit)
    if as_json:
        print_json(replay_document(made))
    else:
        print_replay(made)
    sys.exit(0 if made.gone else 1)


@compare.command()
@click.argument("fingerprint")
@click.option("--owner", required=True, help="who answers for it")
@reason_option("why it may stay")
@click.option("--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="the last day (UTC), at most a year on")
@with_target(changes=True)
@json_option
def ignore(target: Target, fingerprint: str, owner: str, reason: str, until: datetime, as_json: bool) -> None:
    """Let a difference that was found count as ignored until a day."""
    rule = IgnoreRule(fingerprint, owner, reason, to_ms(until.replace(tzinfo=UTC)) + DAY_MS)
    with _comparing(target) as comparer:
        comparer.ignore(rule)
    if as_json:
        print_json({"fingerprint": fingerprint, "owner": owner, "reason": reason, "until": f"{until:%Y-%m-%d}"})
    else:
        said = f"{owner} answers for {fingerprint} until the end of {until:%Y-%m-%d} (UTC)"
        console.print(said, markup=False)


@contextmanager
def _comparing(target: Target, *, asking: bool = False) -> Iterator[BackendComparer]:
    """The comparer on a stack's database. ``asking``: it asks the backends, and notes whom by pseudonyms."""
    pseudonyms = Pseudonyms(_key(target).encode()) if asking else None
    with database_of(target) as database:
        yield shell_comparer(database, own_code, pseudonyms)


def _key(target: Target) -> str:
    """The key for pseudonyms must be the functions' own: with another one nobody is recognised."""
    if key := os.environ.get("PSEUDONYM_KEY"):
        return key
    if target.layout is None:
        raise OperatorError("set PSEUDONYM_KEY to the pseudonymKey of the deployment's secret, or name a laptop stack")
    return Identity.of(target.layout).pseudonym_key


def _followed(compared: Iterable[ComparisonResult]) -> Iterator[Outcome]:
    for number, each in enumerate(compared, start=1):
        if number % PROGRESS == 0:
            progress_console.print(f"{number} reads compared")
        yield each.outcome
