"""Looking at flags: what is deployed and in use, what a change would do to whom, why somebody gets a backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import RolloutError, UnavailableError
from chalicelib.domain.migration.records.decision import Decision, RolloutDecisions
from chalicelib.domain.migration.records.flag_history import FlagChange, FlagHistory, KnownUsers
from chalicelib.domain.migration.sync.reconciliation import SyncControl
from chalicelib.domain.ports.outside import Clock
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane, Deployed
from chalicelib.flags.changes.planning import Plan, at_percentages, plan_between, rule_of
from chalicelib.flags.changes.readiness import Readiness, overruled
from chalicelib.flags.decisions.store import FlagStore
from chalicelib.flags.document.flag import NOBODY, Flag
from chalicelib.flags.document.flag_document import FlagDocument, MalformedDocumentError, read
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL


@dataclass(frozen=True, slots=True)
class Listing:
    """The deployed document and AppConfig's numbers for it.

    ``in_use``: the document by which this process decides. ``blocked_by``: why nothing may rise yet, None: it may.
    ``overruled``: why everybody gets the new backend against the flags, None: the flags keep people off it.
    """

    deployed: Deployed
    document: FlagDocument
    in_use: str | None
    blocked_by: str | None
    overruled: str | None

    @property
    def flags(self) -> Sequence[Flag]:
        """The flags that can be read."""
        return tuple(self.document.flags.values())

    @property
    def malformed(self) -> Mapping[str, str]:
        """The others, and what is wrong with them."""
        return self.document.malformed


@dataclass(frozen=True, slots=True)
class Explanation:
    """One user's decision for one component, and the rule behind it, by the document in use."""

    user_id: str
    component: Component
    decision: Decision
    rule: str
    document_version: str | None


@dataclass(frozen=True, slots=True)
class FlagOverview:
    """What the commands ``flags list``, ``plan``, ``explain`` and ``history`` do."""

    home: AppConfigControlPlane
    store: FlagStore
    decisions: RolloutDecisions
    history: FlagHistory
    users: KnownUsers
    control: SyncControl
    clock: Clock

    def listing(self) -> Listing:
        """What is deployed. Raises RolloutError where nothing ever was, UnavailableError without AppConfig."""
        deployed, loaded = self.home.deployed(), self.store.loaded()
        in_use = loaded.document.version if loaded else None
        return Listing(deployed, _document(deployed), in_use, *self._data())

    def plan(self, name: str, start: Decimal | None, end: Decimal, *, exact: bool) -> Plan:
        """Who would enter and leave between two percentages. Raises RolloutError, UnavailableError."""
        flag = _document(self.home.deployed()).flag(name, self.clock())
        before, after = at_percentages(flag, start, end, lambda: list(self.users.known_users()), exact=exact)
        return plan_between(before, after, self.users.known_users())

    def explain(self, user_id: str, component: Component) -> Explanation:
        """Why a user gets the backend that they get, as this process decides."""
        decision = self.decisions.should_use_new_backend(user_id, component)
        loaded = self.store.loaded()
        flag = loaded.document.flags.get(COMPONENT_FLAGS[component]) if loaded else None
        version = loaded.document.version if loaded else None
        return Explanation(user_id, component, decision, rule_of(decision, flag), version)

    def changes(self, name: str | None, limit: int) -> Sequence[FlagChange]:
        """The latest changes, of one flag or of all. Raises UnavailableError."""
        return self.history.changes(name, limit)

    def _data(self) -> tuple[str | None, str | None]:
        """What the data say to the flags: why nothing may rise, and why the flags decide nothing."""
        try:
            evidence = Readiness.of(self.control)
        except UnavailableError as error:
            return str(error), None
        return evidence.problem(), overruled(evidence.sync)


def flags_naming(home: AppConfigControlPlane, user_id: str) -> list[str]:
    """The flags that have a person in one of their lists. Raises UnavailableError without AppConfig."""
    try:
        document = _document(home.deployed())
    except RolloutError:  # nothing was ever deployed
        return []
    return sorted(flag.name for flag in document.flags.values() if flag.names(user_id))


def percentages(overview: FlagOverview) -> tuple[str, Mapping[Component, Decimal]]:
    """The deployed document's version, and the percentage of each component: 0 while its flag or the gate is off.

    A component whose flag is missing, malformed or retired is left out. Raises RolloutError, UnavailableError.
    """
    document = _document(overview.home.deployed())
    gate = document.flags.get(GLOBAL)
    is_open = gate is not None and gate.enabled
    flags = {component: document.flags.get(name) for component, name in COMPONENT_FLAGS.items()}
    return document.version, {
        component: flag.rollout_percent if is_open and flag.enabled else NOBODY
        for component, flag in flags.items()
        if flag is not None and not flag.retired
    }


def _document(deployed: Deployed) -> FlagDocument:
    """The document; one that cannot be read at all has no flags, and says so under its own name."""
    try:
        return read(deployed.content)
    except MalformedDocumentError as error:
        return FlagDocument({}, {"document": str(error)})
