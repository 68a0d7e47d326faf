"""Undoing a run of repair or a job: bringing back what it deleted or overwrote."""

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.migration.sync.repairs import KeptRun, RepairedReadings, Undone
from chalicelib.domain.ports.outside import Clock
from chalicelib.services.migration.sync.runs import new_run
from chalicelib.services.refresh.refresh import DisplayDataCalculationService


class UndoService:
    """What the operator's commands ``repair undo`` and ``repair runs`` do."""

    def __init__(
        self,
        kept: RepairedReadings,
        calculation: DisplayDataCalculationService,
        clock: Clock,
    ) -> None:
        self._kept = kept
        self._calculation = calculation
        self._clock = clock

    def runs(self) -> list[KeptRun]:
        """The runs of the last 30 days that deleted or overwrote something. Raises UnavailableError."""
        return self._kept.runs()

    def undo(self, run: str) -> Undone:
        """Bring back what a run deleted or overwrote, and refresh its meters; what it inserted stays.

        Where the sides were equal they differ afterwards: the next repair says what it would do about that. Meters are
        refreshed at the end; where that is interrupted, they are dirty, and the sweeper refreshes them.

        Raises:
            NotFoundError: nothing is kept of such a run.
            SyncModeError: the mode does not write the side.
            UnavailableError: the database did not answer in time; what has come back stays, the next call goes on.
        """
        if run not in {known.id for known in self._kept.runs()}:
            raise NotFoundError(f"nothing is kept of a run {run!r}; see: python -m infra repair runs")
        undo, done = new_run("undo", self._clock()), Undone()
        for documents in self._kept.kept(run):
            done = done.plus(self._kept.bring_back(documents, undo))
        for meter in sorted(done.meters):
            self._calculation.refresh(*meter)
        return done
