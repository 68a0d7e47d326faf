"""Composes the backends and the services that record readings."""

from dataclasses import dataclass

from chalicelib.bootstrap.operations import Ports
from chalicelib.domain.ports.outside import Clock
from chalicelib.services.components.new_backend import NewBackend
from chalicelib.services.migration.backends.old_backend import OldBackend
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import EnergyCrudService


@dataclass(frozen=True, slots=True)
class Backends:
    """Both backends, and the services that record readings."""

    energy: EnergyCrudService
    imports: CsvImportService
    new: NewBackend
    old: OldBackend


def backends(ports: Ports, clock: Clock) -> Backends:
    """Put them together."""
    energy = EnergyCrudService(ports.transactions, ports.publisher, clock)
    imports = CsvImportService(ports.transactions, ports.settings, ports.queries, ports.publisher, clock)
    return Backends(
        energy,
        imports,
        NewBackend(ports.display, ports.queries, clock, energy, imports),
        OldBackend(ports.queries, clock, energy, imports),
    )
