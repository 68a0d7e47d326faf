"""Whose meter a calculation looks at is known from the first look on: no line that it logs says the id."""

from contextvars import Context
from typing import Any

from pymongo.database import Database

from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.people import begin_call, hidden
from chalicelib.repositories.snapshot_head import head_of


def test_whose_meter_is_looked_at_is_named_in_no_line(migrated: Database[Any]) -> None:
    def call() -> list[str]:
        begin_call()
        before = hidden("person-7 and person-8")
        with migrated.client.start_session(snapshot=True) as session:
            head_of(migrated, "person-7", EnergyType.POWER, session)
        return [before, hidden("person-7 and person-8")]

    before, after = Context().run(call)
    assert before == "person-7 and person-8"
    assert after.endswith(" and person-8")
    assert "person-7" not in after
