"""The frozen answers of version 1, in ``goldens/v1``: one conversation per user, byte for byte.

``python -m tests.integration.versions.v1_goldens`` writes them again, on purpose only: version 1 is frozen, so a
difference is a defect of the change that made it. Nothing else ever writes them.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from pymongo.database import Database

from chalicelib.bootstrap.container import mongo_ports
from chalicelib.domain.ports.values import UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.logger import logger
from chalicelib.repositories.database import open_database
from chalicelib.services.recording.configuration import ConfigurationService, ExchangeDraft, Register
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.versions.v1_conversation import NOW, transcript
from tests.integration.versions.v1_households import CONFIGURED, HOUSEHOLD, energies

GOLDENS = Path(__file__).parent / "goldens" / "v1"


def golden(user: str) -> bytes:
    """What version 1 has always answered in the conversation of this user."""
    return (GOLDENS / f"{user}.txt").read_bytes()


def seed(database: Database[Any]) -> None:
    """Put the inherited documents into ``energies``, and nothing else into the database."""
    database["energies"].insert_many(energies())


def configure(database: Database[Any]) -> None:
    """Give one user a zone, a register of five digits and an exchanged meter; in whatever mode the database is."""
    ports = mongo_ports(database, FakePublisher())
    service = ConfigurationService(ports.transactions, ports.settings, ports.queries, ports.publisher, lambda: NOW)
    registers = {EnergyType.POWER: Register(Decimal(100_000)), EnergyType.GAS: Register()}
    service.change(CONFIGURED, UserSettings(ZoneInfo("America/New_York")), registers)
    service.add_exchange(CONFIGURED, ExchangeDraft(EnergyType.POWER, "2023-08-15", Decimal(1600), Decimal("2.5")))


def write_anew(uri: str) -> None:
    """Ask a bare database everything and keep its answers."""
    database = open_database(uri, f"goldens_{uuid4().hex[:12]}")
    seed(database)
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for user, prepare in ((HOUSEHOLD, None), (CONFIGURED, configure)):
        if prepare:
            prepare(database)
        (GOLDENS / f"{user}.txt").write_bytes(transcript(mongo_ports(database, FakePublisher()), user))
    database.client.drop_database(database.name)
    database.client.close()


if __name__ == "__main__":
    from infra.local.throwaway import mongod

    logger().setLevel("WARNING")
    with mongod() as own:
        write_anew(own)
