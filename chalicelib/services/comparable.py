"""What can be compared in which sync mode: an answer held against itself would be equal and prove nothing."""

from collections.abc import Set

from chalicelib.domain.errors import ComparisonError
from chalicelib.domain.rollout.decision import Backend, Component
from chalicelib.domain.sync.modes import Side, SyncState
from chalicelib.services.backends.component_reads import READS

# They show readings as they are stored; the others are calculated by the old backend, and stored by the new one.
ROWS = {Component.ENERGY_TABLE, Component.ENERGY_FORMS}


def comparable(sync: SyncState) -> Set[Component]:
    """The components that both backends have answers of their own for: in ``new_only`` they read the same readings.

    Raises:
        ComparisonError: the new side is not written, or one side not complete yet.
    """
    if Side.NEW not in sync.writes:
        raise ComparisonError("the mode is old_only: the new backend shows nothing yet; first: mode set dual_write")
    if sync.catching_up is not None:
        reason = f"both backends read the {sync.catching_up} readings until the sides are equal"
        raise ComparisonError(f"the sides still catch up after the change of mode: {reason}; first: sync")
    return READS.keys() - ROWS if sync.reads(Backend.OLD) is sync.reads(Backend.NEW) else READS.keys()
