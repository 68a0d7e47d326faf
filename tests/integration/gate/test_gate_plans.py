"""What the census, the gate and answers for differences ask of the database is found by an index."""

from typing import Any
from uuid import uuid4

import pytest

from chalicelib.bootstrap.backends import backends
from chalicelib.bootstrap.comparer import asking, census
from chalicelib.bootstrap.container import now
from chalicelib.bootstrap.gate import shell_gate
from chalicelib.bootstrap.operations import shell_ports
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.counted import Counting
from chalicelib.domain.migration.gate.verdict import ConditionName
from chalicelib.domain.people.pseudonyms import Pseudonyms
from tests.integration.repositories.explaining import WITHOUT_INDEX, planned

HIDDEN = Pseudonyms(b"a key")
FILE = b"date,type,amount\n2023-01-31,power,1000\n2023-03-20,power,1100.5\n"
FINGERPRINT = "0123456789ab"


def away() -> Any:
    raise OSError("AWS is away")


@pytest.mark.plans
def test_every_question_is_answered_by_an_index(container: Any, migrated: Any, mongodb_uri: str) -> None:
    container.imports.bulk_create(f"person-{uuid4().hex}", FILE)
    with planned(mongodb_uri, migrated.name) as (watched, plans):
        ports = shell_ports(watched)
        asked = asking(backends(ports, now), ports, HIDDEN, now, lambda: "a1")
        census(asked, ports, HIDDEN, now).run(60, 60)
        ports.counted.count(Counting(Component.DASHBOARD, "a1", "p", agreement="x", differences=(FINGERPRINT,)), now())
        ports.counted.gone(FINGERPRINT, Component.DASHBOARD, "a1", now())
        ports.counted.answered(FINGERPRINT)
        verdicts = shell_gate(watched, away, away, lambda: "a1", away).verdicts()
    assert {str(plan) for plan in plans if plan.stages & WITHOUT_INDEX} == set()
    holds = {condition.name: condition.holds for condition in verdicts[0].conditions}
    assert holds[ConditionName.EVIDENCE] is not None
    assert holds[ConditionName.ALARMS] is None
