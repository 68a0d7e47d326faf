"""People notice at once what is wrong in an answer, and in the end what is lost."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.drills.api import Api, Reply, Sent
from infra.drills.history.views import parsed
from infra.errors import OperatorError
from infra.local.demo.old_energies import FIRST
from infra.rehearsal.people import DEFECTIVE, FIRST_NUMBER, Ledger, People, Resident, inherited, ledger_shown

PAGES = 7  # readings on a page of the fake


class Store:
    """A system with one list of readings per user, on either backend, and no mistakes of its own."""

    def __init__(self) -> None:
        self.rows: dict[str, Ledger] = {}
        self.backend = "old"
        self.asked: list[str] = []

    def __call__(self, sent: Sent) -> Reply:
        """Implements ``Transport``."""
        self.asked.append(f"{sent.method} {sent.path.partition('?')[0]}")
        rows = self.rows.setdefault(sent.user, {})
        status, body = self._answer(sent, rows)
        return Reply(status, self.backend, json.dumps(body).encode())

    def get(self, sent: Sent) -> Any:
        return parsed(self(sent).body)

    def _answer(self, sent: Sent, rows: Ledger) -> tuple[int, Any]:
        if sent.content_type == "text/csv":
            date, kind, amount = sent.body.decode().splitlines()[1].split(",")
            rows[kind, datetime.fromisoformat(date)] = Decimal(amount)
            return 200, {}
        if sent.method == "POST":
            reading = json.loads(sent.body)
            rows[reading["type"], datetime.fromisoformat(reading["date"])] = Decimal(reading["amount"])
            return 201, {"id": reading["date"]}
        if sent.method in ("PUT", "DELETE"):
            return self._changed(sent, rows)
        return 200, self._shown(sent, rows)

    def _changed(self, sent: Sent, rows: Ledger) -> tuple[int, Any]:
        slot = ("power", datetime.fromisoformat(sent.path.rpartition("/")[2]))
        if sent.method == "DELETE":
            del rows[slot]
            return 204, None
        rows[slot] = Decimal(str(json.loads(sent.body)["amount"]))
        return 200, {}

    def _shown(self, sent: Sent, rows: Ledger) -> Any:
        wanted = ("power",) if "type=power" in sent.path else ("power", "gas")
        listed = [
            {"type": kind, "date": date.isoformat(), "amount": float(amount)}
            for (kind, date), amount in sorted(rows.items())
            if kind in wanted
        ]
        if sent.path.startswith("/v1"):
            return listed
        start = int(sent.path.partition("cursor=")[2] or 0)
        following = start + PAGES if start + PAGES < len(listed) else None
        return {"readings": listed[start : start + PAGES], "nextCursor": following and str(following)}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def resident(store: Store) -> Resident:
    found = Resident.of(0)
    store.rows[found.person.name] = inherited(0)
    return found


def test_a_household_begins_with_what_it_had_and_of_doubles_with_the_one_updated_last() -> None:
    assert inherited(0)["power", FIRST] == Decimal("1001.5")
    assert inherited(DEFECTIVE)["power", FIRST] != Decimal("1001.5")
    assert Resident.of(0).ledger == inherited(0)


def test_turns_write_read_and_find_nothing_wrong_where_nothing_is(store: Store, resident: Resident) -> None:
    resident.uses_v1 = True
    for _ in range(40):
        resident.turn(Api(store), store.get)
    assert resident.ledger == store.rows[resident.person.name]
    assert resident.number == FIRST_NUMBER + 40
    asked = {*store.asked}
    assert {"DELETE", "GET", "POST", "PUT"} <= {each.partition(" ")[0] for each in asked}
    assert {"POST /components/csv_import", "GET /v1/energy", "GET /components/dashboard"} <= asked


@pytest.mark.parametrize(
    "wrong",
    [
        lambda rows: rows.pop(("power", FIRST)),
        lambda rows: rows.update({("power", FIRST): Decimal(7)}),
        lambda rows: rows.update({("power", FIRST + timedelta(hours=1)): Decimal(7)}),
    ],
    ids=["lost", "changed", "never written"],
)
def test_a_table_that_is_not_what_was_acknowledged_is_a_wrong_answer(
    store: Store, resident: Resident, wrong: Any
) -> None:
    store.backend = "new"
    wrong(store.rows[resident.person.name])
    with pytest.raises(OperatorError, match="the new backend showed household-00000 a wrong table: 1 readings"):
        resident.turn(Api(store), store.get)


def test_version_1_is_held_against_the_same_ledger(store: Store, resident: Resident) -> None:
    resident.look_at_v1(store.get)
    store.rows[resident.person.name].pop(("power", FIRST))
    with pytest.raises(OperatorError, match="version 1 showed household-00000 a wrong table"):
        resident.look_at_v1(store.get)


def test_in_the_end_everybody_has_everything_of_every_meter(store: Store) -> None:
    people = People(Api(store), store.get, 3, 1)
    store.rows = {each.person.name: inherited(number) for number, each in enumerate(people.residents)}
    assert people.lost(lambda user: ledger_shown(store.get, user)) == []
    store.rows["household-00001"].pop(("gas", FIRST))
    store.rows["household-00002"]["power", datetime(2030, 1, 1, tzinfo=UTC)] = Decimal(1)
    assert people.lost(lambda user: ledger_shown(store.get, user)) == ["household-00001: 1", "household-00002: 1"]


def test_a_wrong_answer_to_somebody_is_raised_for_everybody(store: Store) -> None:
    people = People(Api(store), store.get, 1, 1)  # the store has nothing of what was inherited
    people.begin()
    people.end()
    with pytest.raises(OperatorError, match="a wrong table"):
        people.check()
