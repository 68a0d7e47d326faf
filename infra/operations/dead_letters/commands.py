"""``python -m infra dlq``: what functions failed on for good."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.markup import escape
from rich.table import Column, Table

from chalicelib.dead_letters.letter import DeadLetter
from chalicelib.dead_letters.operated import DeadLetterQueue
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.operating import Action, Done
from chalicelib.repositories.operator_actions import MongoOperatorActions
from infra.errors import OperatorError
from infra.operations.confirmation import confirm, yes_option
from infra.operations.printing import console, counted, moment, print_json, printable, progress_console
from infra.operations.reason import reason_option
from infra.targets.database import database_of
from infra.targets.deployment import Deployment
from infra.targets.options import Command, json_option, with_target
from infra.targets.target import Target, person

url_option = click.option("--queue-url", help="another queue than the stack's own")
id_argument = click.argument("letter_id", metavar="ID")


def some_or_all(command: Command) -> Command:
    """The argument and the option that say which letters."""
    every = click.option("--all", "every", is_flag=True, help="all that are there now")
    return click.argument("letter_id", metavar="[ID]", required=False)(every(command))


@click.group()
def dlq() -> None:
    """Dead letters: events that a function failed on, again and again."""


@dlq.command()
@with_target(changes=False, deployed=True)
@url_option
@json_option
def ls(target: Target, queue_url: str | None, as_json: bool) -> None:
    """List them, the oldest first."""
    with _held(_queue(target, queue_url)) as letters:
        if as_json:
            print_json([_document(letter) for letter in letters])
        else:
            console.print(_table(letters) if letters else "no dead letters")


@dlq.command()
@id_argument
@with_target(changes=False, deployed=True)
@url_option
def show(target: Target, queue_url: str | None, letter_id: str) -> None:
    """Print one as JSON: its event, and all that Lambda says about it."""
    with _held(_queue(target, queue_url), letter_id) as letters:
        found = letters[0]
        shown = {"id": found.id, "since": moment(found.sent_at), **found.summary, "message": found.message}
        click.echo(json.dumps(shown, indent=2))


@dlq.command()
@some_or_all
@reason_option("why; then the database keeps it, with who did it and when", required=False)
@with_target(changes=True, deployed=True)
@url_option
@json_option
def redrive(
    target: Target, queue_url: str | None, letter_id: str | None, every: bool, reason: str | None, as_json: bool
) -> None:
    """Call the function again with what it failed on. Exit code 1 when Lambda refuses one of them."""
    _require_one_way(letter_id, every)
    queue = _queue(target, queue_url)
    with _held(queue, letter_id) as letters:
        if reason:
            _record_redriven(target, letters, reason)
        refused = queue.redrive(letters)
    _print_redriven([letter.id for letter in letters if letter.id not in refused], refused, as_json)
    sys.exit(1 if refused else 0)


@dlq.command()
@some_or_all
@reason_option("why; kept with the event")
@yes_option
@with_target(changes=True, deployed=True)
@url_option
def discard(target: Target, queue_url: str | None, letter_id: str | None, every: bool, reason: str, yes: bool) -> None:
    """Take one away for good, or all; the collection discarded_events keeps it, with who did it, when and why.

    --all shows them, and asks.
    """
    _require_one_way(letter_id, every)
    queue = _queue(target, queue_url)
    with database_of(target) as database:
        chosen = _shown_and_confirmed(queue, yes=yes) if every else {letter_id}
        actions = MongoOperatorActions(database)
        with _held(queue, letter_id) as letters:
            gone = [letter for letter in letters if letter.id in chosen]
            for letter in gone:
                queue.discard(letter, lambda each: actions.keep_discarded(each.discarded(person(), reason)))
    what = counted(len(gone), "letter") if every else letter_id
    console.print(f"discarded {what}; the collection discarded_events keeps {'them' if every else 'it'}")


def _record_redriven(target: Target, letters: Sequence[DeadLetter], reason: str) -> None:
    with database_of(target) as database:
        for letter in letters:
            MongoOperatorActions(database).keep(Done(Action.REDRIVE, person(), reason, letter.id))


def _require_one_way(letter_id: str | None, every: bool) -> None:
    if every == bool(letter_id):
        raise click.UsageError("say which: the ID of one (python -m infra dlq ls), or --all")


def _shown_and_confirmed(queue: DeadLetterQueue, *, yes: bool) -> set[str]:
    """The letters that are there now. They are put back while a person thinks; one that comes later is not meant."""
    with _held(queue) as letters:
        progress_console.print(_table(letters) if letters else "no dead letters")
    if letters:
        confirm(f"This discards {counted(len(letters), 'dead letter')} for good", yes=yes)
    return {letter.id for letter in letters}


def _queue(target: Target, url: str | None) -> DeadLetterQueue:
    deployment = Deployment.of(target)
    url = url or deployment.output("DeadLetterQueueUrl")
    sqs, functions = deployment.client("sqs"), deployment.client("lambda")
    return DeadLetterQueue(lambda: sqs, lambda: functions, url)


@contextmanager
def _held(queue: DeadLetterQueue, letter_id: str | None = None) -> Iterator[list[DeadLetter]]:
    try:
        with queue.held(letter_id) as letters:
            yield letters
    except NotFoundError as error:
        raise OperatorError(str(error)) from error


def _document(letter: DeadLetter) -> dict[str, Any]:
    return {"id": letter.id, "since": moment(letter.sent_at), **letter.summary, "event": letter.event}


def _table(letters: Sequence[DeadLetter]) -> Table:
    what, error = Column("what, since", overflow="fold"), Column("error", overflow="fold")
    table = Table(Column("id", no_wrap=True), what, error, show_lines=True)
    for letter in letters:
        name = letter.event_type or letter.function or "-"
        first_line = (letter.error or letter.condition).partition("\n")[0]
        cells = (f"{name}\n{moment(letter.sent_at)}", first_line)
        table.add_row(letter.id, *(escape(printable(cell)) for cell in cells))
    return table


def _print_redriven(sent: Sequence[str], refused: dict[str, str], as_json: bool) -> None:
    if as_json:
        print_json({"redriven": sent, "refused": refused})
        return
    console.print(f"{len(sent)} redriven, {len(refused)} refused")
    for letter_id, reason in refused.items():
        console.print(f"{letter_id}: {printable(reason)}", style="red", markup=False)
