"""The months of a stored view as the array of readings that the old pages draw from."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.month_end import last_day_of
from chalicelib.domain.readings import EnergyType, day_start, to_datetime

ONE_DAY = timedelta(days=1)


class DisplayDataAdapter:
    """Turns the ``data`` of a monthly view into the old array shape, the same whenever and by whomever it is asked."""

    @staticmethod
    def to_energy_type_array(
        data: Mapping[str, Any], energy_type: EnergyType, user_id: str, zone: ZoneInfo
    ) -> list[dict[str, Any]]:
        """One reading per month end that the register is known at, in order.

        Its date is the last millisecond of the month in the user's zone, in the year that the view shows. Nobody
        recorded it, so it was created and changed at that date too: the moment of asking would never compare equal.
        """
        known = (month for month in data["months"] if month["meterReading"] is not None)
        return [_energy(data["year"], month, energy_type, user_id, zone) for month in known]


def _energy(
    year: int, month: Mapping[str, Any], energy_type: EnergyType, user_id: str, zone: ZoneInfo
) -> dict[str, Any]:
    end = to_datetime(day_start(_first_day_after(year, month["month"]), zone) - 1)
    return {
        "_id": f"{energy_type}-{year}-{month['month']:02}",
        "userId": user_id,
        "type": energy_type.value,
        "date": end,
        "amount": month["meterReading"],
        "createdAt": end,
        "updatedAt": end,
    }


def _first_day_after(year: int, month: int) -> date:
    return last_day_of(year, month) + ONE_DAY
