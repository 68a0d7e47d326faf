"""The workers of a target's deployment: they do, by the deployed code, what a shell begins."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.bootstrap.operations import Operations, shell_operations
from chalicelib.work_queue.queue import SqsRangeQueue
from infra.targets.database import database_of
from infra.targets.deployment import Deployment, reached
from infra.targets.target import Target


@contextmanager
def with_workers(target: Target) -> Iterator[Operations]:
    """The operations on a target's database, whose ranges go to the workers of its deployment.

    Raises OperatorError for a database alone, and where AWS does not answer.
    """
    with reached(target), database_of(target) as database:
        deployment = Deployment.of(target)
        queue = SqsRangeQueue(lambda: deployment.client("sqs"), deployment.output("WorkQueueUrl"))
        yield shell_operations(database, lambda: deployment.parameters().get("Release", ""), queue)
