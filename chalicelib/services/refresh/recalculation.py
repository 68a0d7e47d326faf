"""Recalculation of whole meters: marked as changed from end to end, then refreshed.

For when nobody can say what changed. What a known change touches is the business of ``calculation`` alone.
"""

from collections.abc import Collection

from chalicelib.domain.errors import AccountErasedError
from chalicelib.domain.events.contracts import MeterChange
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.writing import Transactions, WriteTransaction
from chalicelib.domain.readings import EnergyType
from chalicelib.services.recording.configuration import touch_all
from chalicelib.services.refresh.refresh import DisplayDataCalculationService


class RecalculationService:
    """Brings whole meters up to date, whatever is stored for them."""

    def __init__(self, transactions: Transactions, calculation: DisplayDataCalculationService, clock: Clock) -> None:
        self._transactions = transactions
        self._calculation = calculation
        self._clock = clock

    def recalculate(self, user_id: str, types: Collection[EnergyType] = ()) -> int:
        """Calculate these meters of the user again, all of them where none is named; returns how many were refreshed.

        Raises:
            UnavailableError: the database did not answer in time; what was marked stays dirty.
        """
        meters = self.touch(user_id, types)
        return sum(self._calculation.refresh(user_id, meter.type, meter.source_version) for meter in meters)

    def catch_up(self, user_id: str, energy_type: EnergyType) -> bool:
        """Refresh a meter that lags or is outdated, and leave any other alone; whether this call did it."""
        return self._calculation.refresh(user_id, energy_type)

    def renew(self, user_id: str, energy_type: EnergyType) -> bool:
        """Calculate one meter again, and make it where only readings or documents are left; whether this call did.

        A meter that a newer calculation shows begins again: nothing else brings it down. One of an account that was
        erased stays away.

        Raises:
            UnavailableError: the database did not answer in time; once marked, the meter stays dirty.
        """
        now = self._clock()
        try:
            self._transactions.run(user_id, lambda transaction: touch_all(transaction, energy_type, now))
            self._calculation.take_over(user_id, energy_type)
        except AccountErasedError:
            return False
        return self._calculation.refresh(user_id, energy_type)

    def touch(self, user_id: str, types: Collection[EnergyType] = ()) -> list[MeterChange]:
        """Mark these meters of the user, or all, as changed from end to end; a meter that is not there is not made.

        Raises:
            UnavailableError: the database did not answer in time; nothing was marked.
        """
        now = self._clock()

        def work(transaction: WriteTransaction) -> list[MeterChange]:
            known = transaction.meters.types()
            wanted = [energy_type for energy_type in known if not types or energy_type in types]
            return [touch_all(transaction, energy_type, now) for energy_type in wanted]

        try:
            return self._transactions.run(user_id, work)
        except AccountErasedError:
            return []
