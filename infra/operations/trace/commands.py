"""``python -m infra trace ID``: what came of a request, an event or a command, with times."""

import sys
from collections.abc import Callable, Iterator

import click

from chalicelib.bootstrap.operations import now
from chalicelib.dead_letters.queue import LetterQueue
from chalicelib.domain.events.trace import named_trace
from infra.operations.printing import print_json
from infra.operations.trace.logs import lines_of_file, lines_of_groups
from infra.operations.trace.path import Path, Step, path_document, print_path
from infra.operations.trace.rows import rows
from infra.targets.database import database_of
from infra.targets.deployment import Deployment, reached
from infra.targets.options import json_option, with_target
from infra.targets.target import Target

HOUR_MS = 3_600_000


def _id(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    found = named_trace(text)
    if found is None:
        raise click.BadParameter(
            "a trace has 32 hexadecimal digits, as the header Trace-Id of an answer and trace_id of a log line say; a "
            "whole traceparent does too"
        )
    return found


@click.command()
@click.argument("trace_id", metavar="ID", callback=_id)
@click.option(
    "--hours",
    type=click.IntRange(1, 24 * 30),
    default=24,
    show_default=True,
    help="how far back to look into CloudWatch",
)
@with_target(changes=False)
@json_option
def trace(target: Target, trace_id: str, hours: int, as_json: bool) -> None:
    """Print what came of a request, an event or a command, by its trace.

    Rows, log lines and dead letters, in the order of their times. A place that cannot be looked at is named, the
    others are shown. Exit code 1 when nothing is found.
    """
    path = Path(trace_id)
    path.look("database", _rows(target, trace_id))
    since = now() - hours * HOUR_MS
    path.look("logs", _of_aws(target, lambda deployment: _lines(deployment, target, trace_id, since)))
    path.look("dead letters", _of_aws(target, lambda deployment: _letters(deployment, trace_id)))
    if as_json:
        print_json(path_document(path))
    else:
        print_path(path)
    if not path.steps:
        click.echo(path.nothing, err=True)
    sys.exit(0 if path.steps else 1)


def _of_aws(target: Target, ask: Callable[[Deployment], Iterator[Step]]) -> Iterator[Step]:
    """What a deployment's AWS knows. Raises OperatorError for a database alone, and where nobody answers."""
    with reached(target):
        yield from ask(Deployment.of(target))


def _rows(target: Target, trace_id: str) -> Iterator[Step]:
    with database_of(target) as database:
        yield from rows(database, trace_id)


def _lines(deployment: Deployment, target: Target, trace_id: str, since: int) -> Iterator[Step]:
    if target.layout:
        return lines_of_file(target.layout.functions_log, deployment.stack, trace_id)
    return lines_of_groups(deployment.client("logs"), deployment.stack, trace_id, since)


def _letters(deployment: Deployment, trace_id: str) -> Iterator[Step]:
    queue = LetterQueue(lambda: deployment.client("sqs"), deployment.output("DeadLetterQueueUrl"))
    with queue.rounds() as found:
        for letter in (letter for letters in found for letter in letters if letter.trace_id == trace_id):
            error = (letter.error or letter.condition).partition("\n")[0]
            what = f"{letter.function} failed for good on {letter.event_type}: {error}"
            yield Step(letter.sent_at, "dead letters", f"{what}; python -m infra dlq show {letter.id}")
