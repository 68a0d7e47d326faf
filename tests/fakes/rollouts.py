"""The flags that rollouts move, without AppConfig."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import RevisionError, RolloutError, UnavailableError, UnchangedError
from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.rollouts.next_action import FlagNow
from chalicelib.domain.migration.rollouts.ports import Asked

NOBODY = Decimal(0)


@dataclass
class FakeRolloutFlags:
    """Flags as a document with a version; ``step`` is called before each deployment and after it.

    ``given``: how many seconds each change had; ``exact``: which rises were to be lists of people.
    """

    flags: dict[Component, FlagNow] = field(default_factory=dict)
    version: int = 1
    global_enabled: bool = True
    down: bool = False
    step: Callable[[], None] = lambda: None
    asked: list[tuple[str, Decimal | None, Asked]] = field(default_factory=list)
    given: list[float] = field(default_factory=list)
    exact: list[bool] = field(default_factory=list)

    def now(self, component: Component) -> FlagNow:
        if self.down:
            raise UnavailableError("AppConfig is away")
        found = self.flags.get(component, FlagNow("", False, NOBODY, True))
        return replace(found, version=str(self.version), global_enabled=self.global_enabled)

    def rise(
        self, component: Component, percent: Decimal, expected: str, asked: Asked, seconds: float, *, exact: bool
    ) -> FlagChange:
        self.given.append(seconds)
        self.exact.append(exact)
        now = self.now(component)
        if expected != now.version:
            raise RevisionError("somebody else was faster")
        if now.enabled and now.percent == percent:
            raise UnchangedError("it is so already")
        return self._deploy("rollout", component, True, percent, asked)

    def back(self, component: Component, percent: Decimal | None, asked: Asked, seconds: float) -> FlagChange:
        self.given.append(seconds)
        now = self.now(component)
        if percent is not None and percent > now.percent:
            raise RolloutError("no rollback")
        enabled = now.enabled and percent is not None
        return self._deploy("rollback", component, enabled, now.percent if percent is None else percent, asked)

    def kill(self, asked: Asked, seconds: float) -> FlagChange:
        self.given.append(seconds)
        for component in [*self.flags][1:]:
            self.flags[component] = replace(self.flags[component], enabled=False)
        first = next(iter(self.flags))
        return self._deploy("kill", first, False, self.now(first).percent, asked)

    def set(self, component: Component, percent: Decimal, *, enabled: bool = True) -> None:
        """As somebody else does it."""
        self.version += 1
        self.flags[component] = FlagNow("", enabled, percent, True)

    def _deploy(self, action: str, component: Component, enabled: bool, percent: Decimal, asked: Asked) -> FlagChange:
        self.step()
        self.set(component, percent, enabled=enabled)
        self.asked.append((action, percent if enabled else None, asked))
        self.step()
        return FlagChange(str(self.version), 0, asked.by, action, asked.reason, {}, {}, "", str(self.version))
