"""A history on a deployed laptop stack that nobody else uses: over HTTP, flags by deployments of AppConfig.

A deployment is not waited for: functions poll every 15 seconds, each at its own time, so for that long some answer by
the document before. The percentage is deployed past the checks of ``flags set``, for what is flipped is no rollout.
"""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil

from chalicelib.bootstrap.operations import shell_operations
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.flags.document.flag_document import FlagDocument, read, written
from chalicelib.repositories.database import MongoDatabase, open_database
from infra.drills.api import Transport, http
from infra.drills.history.ground import REASON, SyncFlips, everybody_new, flipped, refresh_by_hand
from infra.drills.history.wishes import Flip, FlipKind
from infra.local.layout import Layout
from infra.local.processes.pieces import Processes
from infra.local.throwaway import stack
from infra.local.waiting import wait_until
from infra.targets.flags import Flags, flags_at

POLLED_SECONDS = 20.0  # functions poll every 15
CONNECTIONS = 32
A_FUNCTION = "awslambdaric"  # in the command line of each process


class DeployedGround:
    """Implements ``Ground``."""

    doubt_seconds = 60.0  # the gateway gives up after 29 s, a function may go on for as long again

    def __init__(self, layout: Layout, flags: Flags, database: MongoDatabase) -> None:
        self._layout = layout
        self._flags = flags
        self._database = database
        self._sync = SyncFlips(shell_operations(database))
        self._send = http(layout, CONNECTIONS)

    @property
    def transport(self) -> Transport:
        """Over HTTP."""
        return self._send

    def flip(self, flip: Flip) -> str | None:
        """A deployment, the command ``kill``, a change of mode by its rules, a process killed."""
        if flip.kind is FlipKind.MODE:
            return self._sync.flip(flip)
        if flip.kind is FlipKind.LIFE:
            return self._kill_a_process()
        if flip.kind is FlipKind.KILL:
            self._flags.operations.changes.kill(ChangeRequest(self._flags.by, REASON))
            return "killed"
        document, said = flipped(self._deployed(), flip)
        self._deploy(document)
        return said

    def settle(self, people: Sequence[str]) -> None:
        """Until every function has polled; what events have not brought about is done by hand, as ``replay`` would."""
        self._deploy(everybody_new(self._deployed()))
        deployed = time.monotonic()
        self._sync.settle()
        refresh_by_hand(self._database, people)
        wait_until(lambda: time.monotonic() - deployed > POLLED_SECONDS, 2 * POLLED_SECONDS)

    def differences(self) -> list[str]:
        """Run ``verify``."""
        return self._sync.differences()

    def _deployed(self) -> FlagDocument:
        return read(self._flags.operations.changes.publishing.deployment.now().content)

    def _deploy(self, document: FlagDocument) -> None:
        deployment = self._flags.operations.changes.publishing.deployment
        deployment.complete(deployment.deploy(written(document), deployment.settled(stop=True), REASON))

    def _kill_a_process(self) -> str | None:
        """Any of them, at work or idle; None where there is none yet."""
        localstack = Processes(self._layout).supervisor.process_of("localstack")
        functions = (
            [child for child in localstack.children(recursive=True) if _is_function(child)] if localstack else []
        )
        if not functions:
            return None
        victim = random.choice(functions)  # noqa: S311 - nothing secret
        with suppress(psutil.NoSuchProcess):
            victim.kill()
        return f"killed process {victim.pid}"


def _is_function(process: psutil.Process) -> bool:
    try:
        return A_FUNCTION in " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return False


@contextmanager
def deployed_ground(layout: Layout) -> Iterator[DeployedGround]:
    """A laptop stack that is up."""
    database = open_database(layout.mongodb_uri, layout.database)
    try:
        with flags_at(layout) as flags:
            yield DeployedGround(layout, flags, database)
    finally:
        database.client.close()


@contextmanager
def own_deployed_ground() -> Iterator[DeployedGround]:
    """A laptop stack that is brought up for it (a minute), and ends with it."""
    with stack() as layout, deployed_ground(layout) as ground:
        yield ground
