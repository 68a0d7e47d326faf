"""The Protocol of what a history runs on, and flips of flags and sync mode on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from chalicelib.bootstrap.operations import Operations, now, shell_calculation
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import SyncModeError, SyncStoppedError
from chalicelib.domain.readings import EnergyType
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from chalicelib.repositories.database import MongoDatabase
from infra.drills.api import Transport
from infra.drills.history.wishes import ALL, Flip, FlipKind
from infra.errors import OperatorError
from infra.local.waiting import wait_until

REASON = "history drill"
CATCH_UP_SECONDS = 60.0
LONGEST_DRAIN_SECONDS = 180.0
COMPONENTS = tuple(Component)


class Ground(Protocol):
    """A system of its own that can be flipped. All methods raise OperatorError where it cannot."""

    @property
    def transport(self) -> Transport:
        """How people reach it."""

    @property
    def doubt_seconds(self) -> float:
        """How long after a request without an answer its function may still be at work."""

    def flip(self, flip: Flip) -> str | None:
        """Flip something; returns what it is now, None where the rules refuse it."""

    def settle(self, people: Sequence[str]) -> None:
        """Everybody on the new backend, in ``dual_write``, drained and caught up; every meter of theirs displayed."""

    def differences(self) -> list[str]:
        """What ``verify`` finds: between the sides, and between display and a fresh calculation."""


@dataclass(frozen=True, slots=True)
class SyncFlips:
    """The sync mode by its real rules, as the commands ``mode`` and ``sync`` follow them."""

    operations: Operations

    def flip(self, flip: Flip) -> str | None:
        """To a neighbour; what is not complete or drained yet is refused. What has to catch up does so at once."""
        mode = self.operations.modes.show().state.mode
        wanted = SyncMode.DUAL_WRITE
        if mode is SyncMode.DUAL_WRITE:
            wanted = SyncMode.NEW_ONLY if flip.forward else SyncMode.OLD_ONLY
        try:
            self.operations.modes.set(wanted, REASON)
        except SyncModeError:
            return None
        if wanted is SyncMode.DUAL_WRITE:
            self.catch_up()
        return wanted.value

    def settle(self) -> None:
        """To ``dual_write``, drained, both sides brought together."""
        if self.operations.modes.show().state.mode is not SyncMode.DUAL_WRITE:
            self.operations.modes.set(SyncMode.DUAL_WRITE, REASON)
        self.catch_up()

    def catch_up(self) -> None:
        """Wait out the drain; then the side that was not written alone is brought up to the other one."""
        drained = wait_until(lambda: not self.operations.modes.show().drain_seconds, LONGEST_DRAIN_SECONDS)
        if drained and self.operations.modes.show().state.catching_up:
            self._bring_together()
        state = self.operations.modes.show().state
        if not drained or state.catching_up:
            raise OperatorError(f"the sync mode does not settle: {state}; look at it: python -m infra mode show")

    def _bring_together(self) -> None:
        """Where people have removed much meanwhile, the sync job stops and asks: the side that they used is right."""
        try:
            self.operations.sync.run(CATCH_UP_SECONDS)
        except SyncStoppedError:
            right, consistency = self.operations.modes.show().state.authoritative, self.operations.consistency
            consistency.repair(source=right, allow_deletes=consistency.plan(source=right).deletes, reason=REASON)
            self.operations.sync.run(CATCH_UP_SECONDS)

    def differences(self) -> list[str]:
        """Compare everything again."""
        found: list[str] = []
        seen = self.operations.consistency.verify(
            restart=True, found=lambda findings: found.extend(str(finding) for finding in findings)
        )
        return found or ["more than is listed"] * min(1, seen.differences)


def flipped(document: FlagDocument, flip: Flip) -> tuple[FlagDocument, str]:
    """The document after a flip of a flag, and what is so now."""
    if flip.kind is FlipKind.KILL:
        off = (replace(flag, enabled=False) for flag in document.flags.values())
        return document.with_flags(*off), "killed"
    if flip.kind is FlipKind.GATE:
        gate = document.flag(GLOBAL, now())
        return document.with_flags(replace(gate, enabled=not gate.enabled)), f"gate {'off' if gate.enabled else 'on'}"
    chosen = COMPONENTS if flip.component >= len(COMPONENTS) else COMPONENTS[flip.component : flip.component + 1]
    raised = (
        replace(document.flag(COMPONENT_FLAGS[each], now()), enabled=True, rollout_percent=Decimal(flip.percent))
        for each in chosen
    )
    gate = replace(document.flag(GLOBAL, now()), enabled=True)
    said = "every component" if len(chosen) > 1 else chosen[0]
    return document.with_flags(gate, *raised), f"{said} {flip.percent} %"


def everybody_new(document: FlagDocument) -> FlagDocument:
    """The document by which everybody gets the new backend."""
    return flipped(document, Flip(FlipKind.PERCENT, ALL, 100, forward=True))[0]


def refresh_by_hand(database: MongoDatabase, people: Sequence[str]) -> None:
    """What lost events have not brought about, as ``replay`` would."""
    calculation = shell_calculation(database)
    for person in people:
        for energy_type in EnergyType:
            calculation.refresh(person, energy_type)
