"""The stack that a drill runs on: a laptop stack that nobody else uses, flipped by real deployments of AppConfig.

The sync mode is written down past its rules and its drain, so the data must be nobody's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from chalicelib.bootstrap.operations import now, shell_operations, shell_ports
from chalicelib.domain.backends.sync_mode import DRAIN_SECONDS, SyncMode
from chalicelib.domain.migration.gate.evidence import Surrounding
from chalicelib.flags.changes.patch import FlagPatch, patched, percentage
from chalicelib.flags.changes.request import Action, ChangeRequest, ChangeResult
from chalicelib.flags.document.flag_document import FlagDocument, read
from chalicelib.flags.document.names import FLAGS, GLOBAL, component_flag_named
from chalicelib.flags.document.shape import shape_of
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.database import Collections, MongoDatabase, open_database
from infra.drills.api import OLD, Api, http
from infra.errors import OperatorError
from infra.local.layout import Layout
from infra.targets.flags import Flags, flags_at

NEW = "new"
ALONE = {OLD: SyncMode.OLD_ONLY, NEW: SyncMode.NEW_ONLY}


class Ground(Protocol):
    """A deployed system with one component that can be flipped. All methods raise OperatorError."""

    @property
    def api(self) -> Api:
        """How people reach it."""

    def flip_alone(self, side: str) -> None:
        """Let one backend take the writes of the component and keep them for itself: dual write is off."""

    def mend(self) -> None:
        """Dual write on, both sides equal and verified: flags may rise."""

    def flip(self, side: str) -> float:
        """Move the component for everybody; returns the seconds until that was in effect everywhere."""

    def roll_back(self) -> float:
        """Take the component back; returns the seconds until that was in effect everywhere."""


@dataclass(frozen=True, slots=True)
class LaptopGround:
    """Implements ``Ground``."""

    api: Api
    component: str
    flags: Flags
    database: MongoDatabase

    def flip_alone(self, side: str) -> None:
        """Flip by the sync mode: what a rollout without dual write would be."""
        self._force(ALONE[side])

    def mend(self) -> None:
        """Repairs from ``energies``."""
        self._force(SyncMode.DUAL_WRITE)
        consistency = shell_operations(self.database).consistency
        consistency.repair(allow_deletes=consistency.plan().deletes)
        if left := consistency.verify(restart=True).differences:
            raise OperatorError(f"verify finds differences ({left}) after the control was mended")

    def flip(self, side: str) -> float:
        """Flip by the flag's percentage, the global gate first."""
        hurried = replace(self._order, hurry=True)  # a stack that is a minute old has no evidence for a gate
        listing = self.flags.operations.overview.listing()
        if not any(flag.name == GLOBAL and flag.enabled for flag in listing.flags):
            _seconds(self.flags.operations.changes.set(GLOBAL, FlagPatch(enabled=True), hurried))
        patch = FlagPatch(percent=percentage("100" if side == NEW else "0"))
        return _seconds(self.flags.operations.changes.set(self._flag, patch, hurried))

    def roll_back(self) -> float:
        """Roll back like ``flags rollback``."""
        return _seconds(self.flags.operations.changes.rollback(self._flag, None, self._order))

    def take_shape(self, wanted: FlagDocument) -> None:
        """Deploy a document of the shape of another one, so that what is rolled back is what a target has."""
        publishing = self.flags.operations.changes.publishing
        base = publishing.deployment.settled(stop=False)
        before = read(base.content)
        after = shaped_as(before, wanted, now() // 1000 * 1000)
        if shape_of(after) != shape_of(before):
            _seconds(publishing.publish(base, before, after, Action("drill", self._order, {}, True)))

    def surrounding(self, code: str) -> Surrounding:
        """The code, the mode and the flags that the drill ran on."""
        mode = shell_ports(self.database).sync_control.state().mode
        return Surrounding(code, mode.value, shape_of(self.flags.operations.overview.listing().document))

    @property
    def _flag(self) -> str:
        return component_flag_named(self.component)

    @property
    def _order(self) -> ChangeRequest:
        return ChangeRequest(self.flags.by, "rollback drill")

    def _force(self, mode: SyncMode) -> None:
        since = now() - (DRAIN_SECONDS * 1000 if mode is SyncMode.DUAL_WRITE else 0)
        wanted = {"_id": SYNC_MODE}
        self.database[Collections.CONTROL].replace_one(wanted, sync_document(mode, since), upsert=True)


def shaped_as(document: FlagDocument, wanted: FlagDocument, at: int) -> FlagDocument:
    """A document of the shape of another one, with nobody of it: what is retired there is retired."""
    flags = [document.flag(name, at) for name in FLAGS if name in wanted.retired]
    retired = [
        replace(patched(flag, FlagPatch(retire=True), list), updated_at=at) for flag in flags if not flag.retired
    ]
    return replace(document.completed(at).with_flags(*retired), unknown=wanted.unknown)


@contextmanager
def laptop_ground(layout: Layout, component: str) -> Iterator[LaptopGround]:
    """Open a laptop stack as the ground of a drill."""
    database = open_database(layout.mongodb_uri, layout.database)
    try:
        with flags_at(layout) as flags:
            yield LaptopGround(Api(http(layout)), component, flags, database)
    finally:
        database.client.close()


def _seconds(made: ChangeResult) -> float:
    if made.change.in_effect_ms is None:
        raise OperatorError(f"no poll of AppConfig has shown the change to {made.change.to_version}: flags list")
    return made.change.in_effect_ms / 1000
