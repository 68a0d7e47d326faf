"""All ports of the application on one fake store."""

from chalicelib.bootstrap.container import Ports
from infra.simulation.memory.account import FakeAccountExport, FakeErasures
from infra.simulation.memory.display import FakeDisplay, FakePacking
from infra.simulation.memory.fan_out import FakeFanOutRecords, FakeRangeQueue
from infra.simulation.memory.lagging import FakeLaggingMeters
from infra.simulation.memory.migration.comparisons import FakeComparisonLog
from infra.simulation.memory.migration.control import FakeSyncControl
from infra.simulation.memory.migration.feedback import FakeFeedbackLog
from infra.simulation.memory.migration.figures import FakeRolloutFigures
from infra.simulation.memory.migration.flags import FakeFlagHistory, FakeKnownUsers
from infra.simulation.memory.migration.gate_evidence import FakeCensusRecords, FakeCountedEvidence
from infra.simulation.memory.migration.measurements import FakePageMeasurements
from infra.simulation.memory.migration.retirement import FakeRetirementRecords
from infra.simulation.memory.migration.rollouts import FakeRollouts
from infra.simulation.memory.migration.sides import FakeSides
from infra.simulation.memory.migration.status import FakeStatusRecords
from infra.simulation.memory.migration.usage import FakeUsageLog
from infra.simulation.memory.operating import FakeOperatorActions
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeImportList, FakeQueries, FakeSettings, FakeStore
from infra.simulation.memory.walks import FakeMetersOfAll, FakeWalkControl


def fake_ports(
    store: FakeStore,
    publisher: FakePublisher,
    sides: FakeSides | None = None,
) -> Ports:
    """All ports on one fake store."""
    usage = FakeUsageLog(store)
    log = FakeComparisonLog(usage)
    meters = FakeMetersOfAll(store)
    sides = sides or FakeSides(store, store.stored.clock)
    meters = sides
    return Ports(
        transactions=store,
        settings=FakeSettings(store),
        queries=FakeQueries(store),
        imports=FakeImportList(store),
        display=FakeDisplay(store),
        packing=FakePacking(),
        lagging=FakeLaggingMeters(store),
        publisher=publisher,
        walks=FakeWalkControl(store),
        fan_outs=FakeFanOutRecords(store),
        range_queue=FakeRangeQueue(),
        meters=meters,
        sync_control=FakeSyncControl(store),
        twins=sides,
        changes=sides,
        repaired=sides.repaired,
        usage=usage,
        figures=FakeRolloutFigures(store, usage),
        comparisons=log,
        counted=FakeCountedEvidence(store.ping, log),
        census=FakeCensusRecords(store.ping, store.stored.clock),
        feedback=FakeFeedbackLog(store),
        measurements=FakePageMeasurements(store, usage),
        flag_history=FakeFlagHistory(store),
        rollouts=FakeRollouts(store),
        retirement=FakeRetirementRecords(store, usage),
        known_users=FakeKnownUsers(store),
        erasures=FakeErasures(store),
        account_export=FakeAccountExport(store),
        operator_actions=FakeOperatorActions(store),
        records=FakeStatusRecords(store),
        ping=store.ping,
    )
