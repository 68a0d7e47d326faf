"""Evidence that opens the gate, beside the data, with the values that a test wants."""

from chalicelib.bootstrap.operations import Ports
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.census_records import Censuses, CensusRun, Tally
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.shape import shape_of

SHAPE = shape_of(FlagDocument({}))  # of every document that has no retired flag


def all_is_well(ports: Ports, code: str, now: int) -> None:
    """What opens the gate beside the data: verified, everybody asked, the way back rehearsed, just now on this code."""
    state = ports.sync_control.state()
    ports.sync_control.save_verified(Verified(now, state.since, 0, 0, 0, code=code))
    drill = RollbackDrill(now, "energy_forms", code, 500, 0, 14.25, True, state.mode.value, SHAPE)
    ports.records.save_drill(drill)
    claim = ports.census.claim(0)
    assert claim is not None
    ports.census.save(claim, Censuses(None, asked(code, state.since, now, users=100)))


def asked(code: str, mode_since: int | None, now: int, users: int = 1) -> CensusRun:
    """A census in which everybody's views were equal."""
    return CensusRun(
        code,
        mode_since,
        now,
        done=frozenset(map(str, range(users))),
        tallies=dict.fromkeys(Component, Tally(9)),
        finished=now,
    )
