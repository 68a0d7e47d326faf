"""A walk over all meters by many workers: split into ranges, worked on by messages, added up when all are done.

A process alone walks over one range that holds every meter, by the same steps. A range is claimed before it is
worked on, and each page is kept while the claim holds: so a message that comes twice does nothing, and the range of a
worker that was killed goes on where it was. A schedule sends again what nobody has, so a walk comes to its end whatever
becomes of its messages; one that only waited comes twice. What was found counts for exactly what a walk of one process
would count for: in the mode and by the code in which it began, within the hour, and only when no range is missing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import uuid4

from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.errors import SyncModeError, UnavailableError
from chalicelib.domain.meters.fan_out import FanOut, FanOutRecords, RangeClaim, RangeProgress, RangeQueue, RangeTask
from chalicelib.domain.meters.walks import DisplayedMeters, Verification, Walk, WalkControl, why_past
from chalicelib.domain.ports.outside import Clock
from chalicelib.monitoring.logger import logger
from chalicelib.services.refresh.meter_walk import Look, MeterWalk

METERS_OF_A_STEP = 20  # how far a range is, is kept behind these; one alone where they took a worker's whole time
SILENT_SECONDS = 720.0  # for so long the queue hides a message that a worker has (infra/resources.yaml)


@dataclass(frozen=True, slots=True)
class RangeJob:
    """What a walk does. ``begin`` returns the mode, or raises SyncModeError where this is no time for it.

    ``look`` is made for one walk, and may raise SyncModeError too: then the walk is over. ``start`` comes before any
    range of it, ``keep`` takes what was found in all meters. ``overtaken`` says why its work is somebody else's by now.
    """

    begin: Callable[[], SyncState]
    look: Callable[[FanOut], Look]
    start: Callable[[FanOut], None] = lambda _: None
    keep: Callable[[Verification, FanOut], None] = lambda *_: None
    overtaken: Callable[[FanOut], str | None] = lambda _: None


Jobs = Mapping[Walk, RangeJob]


class RangeState(StrEnum):
    """What has come of one message."""

    PAST = "nothing to do: this walk is over"
    PAUSED = "paused"
    TAKEN = "nothing to do: somebody has this range, or it is done"
    LOST = "somebody else goes on with this range"
    UNFINISHED = "unfinished: sent again"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class FanOutProgress:
    """How far a walk is: its ranges, how many of them are done, how many are worked on, and what was seen so far."""

    fan_out: FanOut
    done: int
    claimed: int
    seen: Verification
    problem: str | None = None

    @property
    def ranges(self) -> int:
        """How many there are."""
        return len(self.fan_out.ranges)


class FanOutService:
    """Begins, pauses and goes on with walks in ranges, and works on a range."""

    def __init__(
        self,
        control: WalkControl,
        records: FanOutRecords,
        meters: DisplayedMeters,
        walk: MeterWalk,
        queue: RangeQueue,
        jobs: Jobs,
        clock: Clock,
        code: Callable[[], str],
    ) -> None:
        self._control = control
        self._records = records
        self._meters = meters
        self._walk = walk
        self._queue = queue
        self._jobs = jobs
        self._clock = clock
        self._code = code

    def begin(self, walk: Walk, ranges: int, *, restart: bool = False) -> FanOut:
        """Begin a walk in about ``ranges`` ranges, or go on with the one under way; workers do it from now on.

        Raises:
            SyncModeError: this mode is none for it, or writes of the mode before may still arrive.
            UnavailableError: the database or the queue did not answer in time; the next call goes on.
        """
        sync = self._jobs[walk].begin()
        before = self._records.fan_out(walk)
        if before and not restart and not before.finished and self._problem(before) is None:
            return self._sent_again(before)
        begun = (uuid4().hex, sync.read_at, sync.since, sync.mode, self._code(), self._control.operation_time())
        fan_out = FanOut(walk, *begun, tuple(self._meters.bounds(ranges)))
        self._jobs[walk].start(fan_out)
        self._records.begin(fan_out)
        return self._sent_again(fan_out)

    def pause(self, walk: Walk) -> FanOut | None:
        """Let workers stop behind the meters that they look at just now; None: no such walk is under way."""
        fan_out = self._under_way(walk)
        return fan_out if fan_out and self._records.pause(fan_out, paused=True) else None

    def resume(self, walk: Walk) -> FanOut | None:
        """Go on, and send again what is not done, paused or lost; None: no such walk is under way that could go on."""
        fan_out = self._under_way(walk)
        return self._sent_again(fan_out) if fan_out and self._problem(fan_out) is None else None

    def give_up(self, walk: Walk) -> FanOut | None:
        """Take away the walk under way, which no message does anything for from now on; None: there is none."""
        fan_out = self._under_way(walk)
        return fan_out if fan_out and self._records.give_up(fan_out) else None

    def send_lost(self) -> int:
        """One scheduled run: send again what nobody works on, of a walk long ago sent; returns how many messages.

        They get lost where functions of another release take them, where every attempt at one fails, and where the
        shell that sends them is killed. A walk sends one for each range at most, and again in twelve minutes.
        """
        return sum(self._sent_because_lost(walk) for walk in self._jobs)

    def progress(self, walk: Walk) -> FanOutProgress | None:
        """How far the last walk of a kind is; None: there is none. Raises UnavailableError."""
        fan_out = self._records.fan_out(walk)
        if fan_out is None:
            return None
        problem = None if fan_out.finished else self._problem(fan_out)
        ranges = list(self._records.progress(fan_out))
        done, claimed = sum(each.done for each in ranges), sum(each.claimed for each in ranges)
        return FanOutProgress(fan_out, done, claimed, self._sum(fan_out, ranges), problem)

    def work(self, task: RangeTask, budget_seconds: float, claim_seconds: float) -> RangeState:
        """Do a range, or for so long; what is left then is sent again.

        ``claim_seconds``: after so long this worker is surely over. Raises UnavailableError; the message comes again.
        """
        fan_out = self._records.fan_out(task.walk)
        if fan_out is None or fan_out.id != task.id or fan_out.finished or task.number >= len(fan_out.ranges):
            return RangeState.PAST
        if fan_out.paused:
            return RangeState.PAUSED
        sync = self._present(fan_out)
        if sync is None:
            if fan_out.code != self._code():  # functions are being replaced, and those of its code may come or be gone
                self._records.lost(fan_out)
            return RangeState.PAST
        claim = self._records.claim(fan_out, task.number, claim_seconds)
        if claim is None:
            self._end(fan_out)  # who was killed behind the last range has left this to do
            return RangeState.TAKEN
        try:
            return self._worked(fan_out, claim, sync, self._clock() + round(budget_seconds * 1000))
        except SyncModeError as error:
            return self._past(fan_out, str(error))

    def _worked(self, fan_out: FanOut, claim: RangeClaim, sync: SyncState, deadline: int) -> RangeState:
        progress, look = claim.progress, self._jobs[fan_out.walk].look(fan_out)
        whole = fan_out.ranges[progress.number]
        rest = replace(whole, after=progress.after or whole.after)
        for page in self._walk.pages(within=rest, at_once=METERS_OF_A_STEP if claim.tries == 1 else 1):
            seen = self._walk.without_erased(progress.seen.plus(look(page, sync)))
            progress = replace(progress, seen=seen, after=page[-1])
            if not self._records.save(claim, progress):
                return RangeState.LOST
            if self._stopped(fan_out) or self._clock() >= deadline:
                self._records.release(claim)  # first: who gets the message at once finds the range free
                return self._left(fan_out, progress.number)
        if not self._records.save(claim, replace(progress, done=True)):
            return RangeState.LOST
        self._end(fan_out)
        return RangeState.DONE

    def _stopped(self, fan_out: FanOut) -> RangeState | None:
        now = self._records.fan_out(fan_out.walk)
        if now is None or now.id != fan_out.id:
            return RangeState.LOST
        return RangeState.PAUSED if now.paused else None

    def _left(self, fan_out: FanOut, number: int) -> RangeState:
        """Send the rest of a range again, unless who resumes the walk will: what was sent before found it taken."""
        if stopped := self._stopped(fan_out):
            return stopped
        self._queue.send([RangeTask(fan_out.walk, fan_out.id, number)])
        return RangeState.UNFINISHED

    def _end(self, fan_out: FanOut) -> None:
        """Keep what was found where every range is done; done twice, it is the same."""
        ranges = list(self._records.progress(fan_out))
        done = {each.number for each in ranges if each.done}
        if done != set(range(len(fan_out.ranges))) or self._present(fan_out) is None:
            return
        self._jobs[fan_out.walk].keep(self._sum(fan_out, ranges), fan_out)
        self._records.finish(fan_out)

    def _sum(self, fan_out: FanOut, ranges: Sequence[RangeProgress]) -> Verification:
        seen = fan_out.nothing
        for each in ranges:
            seen = seen.plus(each.seen)
        return self._walk.without_erased(seen)

    def _present(self, fan_out: FanOut) -> SyncState | None:
        """The mode, where the walk still says something about the present."""
        sync, problem = self._judged(fan_out)
        if problem is None:
            return sync
        self._past(fan_out, problem)
        return None

    def _problem(self, fan_out: FanOut) -> str | None:
        """Why the walk cannot finish; None: it can, or only its result is not stored yet."""
        if problem := self._judged(fan_out)[1]:
            return problem
        overtaken = self._jobs[fan_out.walk].overtaken(fan_out)  # first: who ends its work has done every range of it
        if overtaken is None:
            return None
        done = sum(each.done for each in self._records.progress(fan_out))
        return overtaken if done < len(fan_out.ranges) else None

    def _judged(self, fan_out: FanOut) -> tuple[SyncState | None, str | None]:
        """The mode, or why the walk says nothing about the present any more."""
        try:
            sync = self._jobs[fan_out.walk].begin()
        except SyncModeError as error:
            return None, str(error)
        return sync, why_past(fan_out, sync, self._code())

    def _past(self, fan_out: FanOut, problem: str) -> RangeState:
        logger().warning(f"no range of the {fan_out.walk} is worked on: {problem}")
        return RangeState.PAST

    def _under_way(self, walk: Walk) -> FanOut | None:
        fan_out = self._records.fan_out(walk)
        return fan_out if fan_out and not fan_out.finished else None

    def _sent_again(self, fan_out: FanOut) -> FanOut:
        self._records.pause(fan_out, paused=False)
        self._records.sending(fan_out)
        self._send([task for task, _ in self._left_to_do(fan_out)], fan_out)
        return replace(fan_out, paused=False)

    def _send(self, tasks: Sequence[RangeTask], fan_out: FanOut) -> None:
        """Send all that is left of a walk; what the queue does not take is sent by the schedule's next run."""
        try:
            self._queue.send(tasks)
        except UnavailableError:
            self._records.lost(fan_out)
            raise

    def _sent_because_lost(self, walk: Walk) -> int:
        """What cannot be looked up or sent just now is left to the next run, and the other walks have their turn."""
        try:
            fan_out = self._under_way(walk)
            if fan_out is None or fan_out.paused or self._problem(fan_out) is not None:
                return 0
            tasks = [task for task, is_claimed in self._left_to_do(fan_out) if not is_claimed]
            if not tasks or not self._records.sending(fan_out, SILENT_SECONDS):
                return 0
            self._send(tasks, fan_out)
        except UnavailableError as error:
            logger().warning(f"what is lost of the {walk} is sent later", extra={"reason": str(error)})
            return 0
        logger().warning(
            f"ranges of the {walk} are sent again, in case their messages were lost", extra={"ranges": len(tasks)}
        )
        return len(tasks)

    def _left_to_do(self, fan_out: FanOut) -> Iterator[tuple[RangeTask, bool]]:
        """A message about each range that is not done, and whether somebody has that range now.

        One that comes twice does nothing; where all are done, any message makes its worker end the walk.
        """
        ranges = list(self._records.progress(fan_out))
        done = {each.number for each in ranges if each.done}
        claimed = {each.number for each in ranges if each.claimed}
        rest = [number for number in range(len(fan_out.ranges)) if number not in done]
        return ((RangeTask(fan_out.walk, fan_out.id, number), number in claimed) for number in rest or [0])
