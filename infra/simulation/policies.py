"""Two ways to carry the same migration: as this project does it, and naively.

Naively: once a component is on the new backend, its new writes go to the new store alone; a user's bucket is the same
for every flag; answers are compared into a log that nobody has to look at, so the calendar alone takes the steps.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.migration.gate.verdict import Gate, GateVerdict
from chalicelib.domain.migration.records.decision import Decision, Reason, RolloutDecisions
from chalicelib.flags.decisions.store import FlagStore
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from infra.simulation.system import Policy

GUARDED, AS_WRITTEN = "guarded", "plan-as-written"


class SameBuckets(RolloutDecisions):
    """The people who come first with one component come first with all."""

    def __init__(self, store: FlagStore) -> None:
        self._store = store

    @override
    def should_use_new_backend(self, user_id: str, component: Component) -> Decision:
        loaded = self._store.loaded()
        if loaded is None or not loaded.document.flags[GLOBAL].enabled:
            return Decision(Backend.OLD, Reason.GLOBAL_OFF)
        flag, place = loaded.document.flags[COMPONENT_FLAGS[component]], bucket_of(user_id)
        is_in = flag.enabled and place < flag.rollout_percent
        reason = Reason.PERCENTAGE_IN if is_in else Reason.PERCENTAGE_OUT
        return Decision(Backend.NEW if is_in else Backend.OLD, reason, place, loaded.document.version)


class OpenGate(Gate):
    """Nothing is asked."""

    def __init__(self, real: Gate) -> None:
        self._real = real

    @override
    def verdict(self, component: Component) -> GateVerdict:
        return self.verdicts([component])[0]

    @override
    def verdicts(self, components: Iterable[Component] = tuple(Component)) -> Sequence[GateVerdict]:
        return [GateVerdict(component, 0, "", ()) for component in components]


def bucket_of(user_id: str) -> int:
    """One of a hundred, the same for every flag."""
    return int.from_bytes(sha256(user_id.encode()).digest()[:4], "big") % 100


def where_the_backend_writes(sync: SyncState, backend: Backend) -> Sequence[Side]:
    """The old backend writes both stores where the mode says so, the new one its own."""
    is_new = sync.mode is SyncMode.DUAL_WRITE and backend is Backend.NEW
    return (Side.NEW,) if is_new else sync.writes


POLICIES: Mapping[str, Policy] = {
    GUARDED: Policy(GUARDED),
    AS_WRITTEN: Policy(AS_WRITTEN, SameBuckets, OpenGate, compares=False, writes=where_the_backend_writes),
}
