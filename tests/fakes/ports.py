"""All ports of the application on one fake store."""

from chalicelib.bootstrap.container import Ports
from tests.fakes.account import FakeAccountExport, FakeErasures
from tests.fakes.comparisons import FakeComparisonLog
from tests.fakes.feedback import FakeFeedbackLog
from tests.fakes.figures import FakeRolloutFigures
from tests.fakes.flags import FakeFlagHistory, FakeKnownUsers
from tests.fakes.gate_evidence import FakeCensusRecords, FakeCountedEvidence
from tests.fakes.lagging import FakeLaggingMeters
from tests.fakes.measurements import FakePageMeasurements
from tests.fakes.operating import FakeOperatorActions
from tests.fakes.publisher import FakePublisher
from tests.fakes.rollouts import FakeRollouts
from tests.fakes.sides import FakeSides, FakeSyncControl
from tests.fakes.status import FakeStatusRecords
from tests.fakes.store import FakeDisplay, FakeImportList, FakeQueries, FakeSettings, FakeStore
from tests.fakes.usage import FakeUsageLog
from tests.fakes.walks import FakeMetersOfAll, FakeWalkControl


def fake_ports(
    store: FakeStore,
    publisher: FakePublisher,
    sides: FakeSides | None = None,
) -> Ports:
    """All ports on one fake store."""
    usage = FakeUsageLog(store)
    meters = FakeMetersOfAll(store)
    sides = sides or FakeSides(store, store.stored.clock)
    meters = sides
    return Ports(
        transactions=store,
        settings=FakeSettings(store),
        queries=FakeQueries(store),
        imports=FakeImportList(store),
        display=FakeDisplay(store),
        lagging=FakeLaggingMeters(store),
        publisher=publisher,
        walks=FakeWalkControl(store),
        meters=meters,
        sync_control=FakeSyncControl(store),
        twins=sides,
        changes=sides,
        repaired=sides.repaired,
        usage=usage,
        figures=FakeRolloutFigures(store, usage),
        comparisons=FakeComparisonLog(usage),
        counted=FakeCountedEvidence(store.ping),
        census=FakeCensusRecords(store.ping, store.stored.clock),
        feedback=FakeFeedbackLog(store),
        measurements=FakePageMeasurements(store, usage),
        flag_history=FakeFlagHistory(store),
        rollouts=FakeRollouts(store),
        known_users=FakeKnownUsers(store),
        erasures=FakeErasures(store),
        account_export=FakeAccountExport(store),
        operator_actions=FakeOperatorActions(store),
        records=FakeStatusRecords(store),
        ping=store.ping,
    )
