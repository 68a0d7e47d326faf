"""Flags that say what a test wants: of every component, or of one."""

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Decision, Reason


class FakeFlags:
    def __init__(self, side: Backend = Backend.OLD) -> None:
        self.side = side
        self.side_of: dict[Component, Backend] = {}
        self.asked: list[tuple[str, Component]] = []

    def should_use_new_backend(self, user_id: str, component: Component) -> Decision:
        self.asked.append((user_id, component))
        side = self.side_of.get(component, self.side)
        reason = Reason.PERCENTAGE_IN if side is Backend.NEW else Reason.PERCENTAGE_OUT
        return Decision(side, reason, 17, "3")
