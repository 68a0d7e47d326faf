"""What besides the readings decides a meter's figures: its register and its exchanges."""

from dataclasses import dataclass, replace
from decimal import Decimal

from chalicelib.domain.readings import EnergyType, MeterExchange


@dataclass(frozen=True, slots=True)
class Exchange:
    """A recorded meter exchange: its id, what it says, and how often it was written."""

    id: str
    type: EnergyType
    exchange: MeterExchange
    revision: int = 1


@dataclass(frozen=True, slots=True)
class MeterConfiguration:
    """What besides the readings decides a meter's figures."""

    modulus: Decimal | None = None
    exchanges: tuple[Exchange, ...] = ()
    runs_backwards: bool = False

    @property
    def points(self) -> tuple[MeterExchange, ...]:
        """The exchanges as the calculation takes them."""
        return tuple(exchange.exchange for exchange in self.exchanges)

    def without(self, exchange_id: str) -> "MeterConfiguration":
        """Remove an exchange, as if it had not been recorded."""
        return replace(self, exchanges=tuple(known for known in self.exchanges if known.id != exchange_id))
