"""Flags that say what a test wants."""

from chalicelib.domain.rollout.decision import Backend, Component, Decision, Reason


class FakeFlags:
    def __init__(self, side: Backend = Backend.OLD) -> None:
        self.side = side
        self.asked: list[tuple[str, Component]] = []

    def should_use_new_backend(self, user_id: str, component: Component) -> Decision:
        self.asked.append((user_id, component))
        reason = Reason.PERCENTAGE_IN if self.side is Backend.NEW else Reason.PERCENTAGE_OUT
        return Decision(self.side, reason, 17, "3")
