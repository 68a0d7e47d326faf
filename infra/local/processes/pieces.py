"""The processes of one stack: which there are, starting what is missing, ending all, saying how each one is."""

from dataclasses import dataclass

from infra.local.layout import Layout
from infra.local.processes import emulators, mongod
from infra.local.processes.emulators import answers
from infra.local.processes.logs import logs_of
from infra.local.processes.ports import require_free
from infra.local.processes.supervision import Piece, Supervisor
from infra.local.steps import Step, Steps

PIECES = ["mongod", "localstack", "appconfig", "issuer", "watcher"]


@dataclass(frozen=True, slots=True)
class PieceStatus:
    """How one piece is: its process, if it has one, and whether it answers."""

    name: str
    pid: int | None
    port: int | None
    healthy: bool
    log: str | None


class Processes:
    """The processes of one stack. What runs already, started in the same way, is left alone."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.supervisor = Supervisor(layout.folder)

    def start(self, steps: Steps, meanwhile: dict[str, Step]) -> None:
        """Start what does not run as it should, side by side, together with other steps.

        Nothing is ended before it is certain that the ports are to be had.
        """
        logs_of(self._layout.folder)
        pieces = self._pieces()
        missing = [piece for piece in pieces if not self.supervisor.runs_as(piece)]
        names = [piece.name for piece in missing]
        ports = {purpose: port for piece in missing for purpose, port in piece.ports.items()}
        own = self.supervisor.listening(names)
        require_free({purpose: port for purpose, port in ports.items() if port not in own})
        self.supervisor.stop_all(names)
        require_free(ports)
        steps.run_together({piece.name: self._start_step(piece, piece in missing) for piece in pieces} | meanwhile)

    def stop_unneeded(self) -> None:
        """End what an earlier run needed and this stack does not any more: the own server beside an existing one."""
        needed = {piece.name for piece in self._pieces()}
        self.supervisor.stop_all([name for name in PIECES if name not in needed])

    def running(self) -> dict[str, int]:
        """Return the process ids of the pieces that run."""
        processes = {name: self.supervisor.process_of(name) for name in PIECES}
        return {name: process.pid for name, process in processes.items() if process}

    def stop(self) -> list[str]:
        """End everything, leftovers of a piece that was killed too; return the names of what was running."""
        return self.supervisor.stop_all(PIECES)

    def status(self) -> list[PieceStatus]:
        """Return how each piece is, an existing database first, and the deployed API last.

        Without this stack's own LocalStack, what answers on the API's port is another stack's.
        """
        rows = [self._status_of(piece) for piece in self._pieces()]
        localstack = next(row for row in rows if row.name == "localstack")
        api_is_healthy = localstack.healthy and answers(f"{self._layout.base_url}/health")
        api = PieceStatus("api", None, self._layout.ports.api, api_is_healthy, str(self._layout.functions_log))
        return [*self._existing_database(), *rows, api]

    def _existing_database(self) -> list[PieceStatus]:
        if not self._layout.external_mongodb:
            return []
        healthy = mongod.is_replica_set(self._layout.external_mongodb)
        return [PieceStatus(f"mongodb at {self._layout.mongodb_hosts}", None, None, healthy, None)]

    def _pieces(self) -> list[Piece]:
        database = [] if self._layout.external_mongodb else [self._mongod()]
        made = (emulators.localstack, emulators.appconfig, emulators.issuer, emulators.watcher)
        return [*database, *(make(self._layout) for make in made)]

    def _mongod(self) -> Piece:
        return mongod.piece(self._layout.folder / "mongod", self._layout.ports.mongodb)

    def _start_step(self, piece: Piece, is_missing: bool) -> Step:
        where = "".join(f", {purpose} on port {port}" for purpose, port in piece.ports.items())
        more = f"; {piece.after_kill}" if piece.after_kill and self.supervisor.was_killed(piece.name) else ""

        def step() -> str:
            if is_missing:
                self.supervisor.start(piece)
            return f"{'started' if is_missing else 'runs already'}{where}{more}"

        return step

    def _status_of(self, piece: Piece) -> PieceStatus:
        process = self.supervisor.process_of(piece.name)
        healthy = process is not None and piece.ready()
        pid = process.pid if process else None
        log = str(self.supervisor.log_of(piece.name))
        return PieceStatus(piece.name, pid, next(iter(piece.ports.values()), None), healthy, log)
