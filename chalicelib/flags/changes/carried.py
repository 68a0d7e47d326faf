"""The adapter by which rollouts read and change flags."""

from dataclasses import dataclass
from decimal import Decimal

from typing_extensions import override

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.rollouts.next_action import FlagNow
from chalicelib.domain.migration.rollouts.ports import Asked, RolloutFlags
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from chalicelib.flags.changes.apply import FlagChanges
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.flags.document.flag import NOBODY
from chalicelib.flags.document.flag_document import FlagDocument, MalformedDocumentError, read
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL

MISSING = "the document has no such flag"


@dataclass(frozen=True, slots=True)
class CarriedFlags(RolloutFlags):
    """``RolloutFlags`` by the deployed document and ``FlagChanges``. ``look``: gives up soon."""

    look: AppConfigControlPlane
    changes: FlagChanges

    @override
    def now(self, component: Component) -> FlagNow:
        content = self.look.deployed().content
        try:
            document = read(content)
        except MalformedDocumentError as error:
            document = FlagDocument({}, {COMPONENT_FLAGS[component]: str(error)})
        name = COMPONENT_FLAGS[component]
        gate, flag = document.flags.get(GLOBAL), document.flags.get(name)
        is_open = gate is not None and gate.enabled
        if flag is None:
            unreadable = f"its flag cannot be read: {document.malformed.get(name, MISSING)}"
            return FlagNow(document.version, False, NOBODY, is_open, unreadable)
        problem = "its flag is retired" if flag.retired else None
        return FlagNow(document.version, flag.enabled, flag.rollout_percent, is_open, problem)

    @override
    def rise(
        self, component: Component, percent: Decimal, expected: str, asked: Asked, seconds: float, *, exact: bool
    ) -> FlagChange:
        request = ChangeRequest(asked.by, asked.reason, expected)
        changes, name = self.changes.within(seconds), COMPONENT_FLAGS[component]
        return changes.advance(name, percent, request, asked.evidence, exact=exact).change

    @override
    def back(self, component: Component, percent: Decimal | None, asked: Asked, seconds: float) -> FlagChange:
        request = ChangeRequest(asked.by, asked.reason)
        changes, name = self.changes.within(seconds), COMPONENT_FLAGS[component]
        return changes.rollback(name, percent, request, asked.evidence).change

    @override
    def kill(self, asked: Asked, seconds: float) -> FlagChange:
        return self.changes.within(seconds).kill(ChangeRequest(asked.by, asked.reason), asked.evidence).change
