"""Decisions by flags: Powertools evaluates the rules, the bucket goes into its context."""

from aws_lambda_powertools.utilities.feature_flags import FeatureFlags
from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Decision, Reason, RolloutDecisions
from chalicelib.flags.decisions.rules import OPEN, TO_NEW
from chalicelib.flags.decisions.store import FlagStore, Loaded
from chalicelib.flags.document.bucketing import bucket
from chalicelib.flags.document.feature_models import BUCKET, USER_ID
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL


class FlagDecisions(RolloutDecisions):
    """Decides by flags alone."""

    def __init__(self, store: FlagStore) -> None:
        self._store = store
        self._flags = FeatureFlags(store)
        self._gate: tuple[Loaded, str] | None = None

    @override
    def should_use_new_backend(self, user_id: str, component: Component, place: int | None = None) -> Decision:
        """Global gate, then the component's flag: off, blocked, test user, percentage.

        ``place``: the user's bucket, where that is known already.
        """
        loaded = self._store.loaded()
        if loaded is None:
            return Decision(Backend.OLD, Reason.NO_DOCUMENT)
        version = loaded.document.version
        gate = self._global_gate(loaded)
        if gate != OPEN:
            return Decision(Backend.OLD, gate, None, version)
        flag = COMPONENT_FLAGS[component]
        place = bucket(flag, user_id) if place is None else place
        reason = str(
            self._flags.evaluate(name=flag, context={USER_ID: user_id, BUCKET: place}, default=Reason.COMPONENT_OFF)
        )
        return Decision(Backend.NEW if reason in TO_NEW else Backend.OLD, reason, place, version)

    def _global_gate(self, loaded: Loaded) -> str:
        """What the global gate says, once for each document: it is the same for everybody."""
        if self._gate is None or self._gate[0] is not loaded:
            self._gate = loaded, str(self._flags.evaluate(name=GLOBAL, default=Reason.GLOBAL_OFF))
        return self._gate[1]
