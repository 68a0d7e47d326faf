"""How a restore writes, in which order, and what it leaves out: on a database that is only written down."""

import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bson import Int64, Timestamp
from bson.datetime_ms import DatetimeMS
from pymongo.errors import BulkWriteError, OperationFailure

from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, to_datetime
from chalicelib.repositories.database import Collections
from infra.errors import OperatorError
from infra.operations.backup import data
from infra.operations.backup.data import occupied, restore, restored, take
from infra.operations.backup.file import Document, Writer, inspected, new_file
from migrations import runner
from migrations.errors import LockedError

AT = 1_700_000_000_000
NOW = to_datetime(AT)
MODE = {"_id": "sync_mode", "mode": "dual_write", "since": DatetimeMS(AT)}
SESSION = "session"


class Collection:
    """Documents by their id, and what was done to them: with which session, and how surely."""

    def __init__(self, database: "Database", name: str) -> None:
        self.database, self.name = database, name
        self.documents: dict[Any, Document] = {}
        self.problem: Exception | None = None

    def with_options(self, *, write_concern: Any) -> "Collection":
        assert write_concern.document == {"w": "majority"}
        self.database.done.append(("majority", self.name))
        return self

    def find(self, *, session: object, batch_size: int) -> Iterator[Document]:
        assert (session, batch_size) == (SESSION, 500)
        if self.problem:
            raise self.problem
        return iter(self.documents.values())

    def find_one(self, condition: Document, session: object = None) -> Document | None:
        self.database.looked.append((self.name, condition, session))
        return self.documents.get(condition["_id"])

    def count_documents(self, condition: Document) -> int:
        self.database.counted[self.name] = condition
        return len(self.documents) if not condition else self.database.in_control

    def insert_many(self, batch: list[Document], *, ordered: bool = True, session: object = None) -> None:
        self._did("insert", ordered, session, [each["_id"] for each in batch])
        self.documents |= {each["_id"]: each for each in batch}
        if self.problem:
            raise self.problem

    def insert_one(self, document: Document, *, session: object) -> None:
        self._did("insert", session, document["_id"])
        self.documents[document["_id"]] = document

    def replace_one(self, condition: Document, document: Document, *, upsert: bool, session: object) -> None:
        self._did("replace", upsert, session, condition)
        self.documents[condition["_id"]] = document

    def delete_many(self, condition: Document, *, session: object) -> None:
        self._did("delete", session, condition)
        kept = {"lock"} if condition == {"_id": {"$ne": "lock"}} else self.documents.keys()
        gone = condition.get("_id", {}).get("$in")
        kept = set(kept) - set(gone) if gone else kept if condition else set()
        self.documents = {key: document for key, document in self.documents.items() if key in kept}

    def _did(self, *what: Any) -> None:
        self.database.done.append((self.name, *what))


class Database(dict[str, Collection]):
    """Collections that are made when they are asked for; it is its own client and session."""

    name = "sample"

    def __init__(self) -> None:
        super().__init__()
        self.done: list[Any] = []
        self.counted: dict[str, Document] = {}
        self.looked: list[Any] = []
        self.in_control = 0
        self.client: Any = self

    def __missing__(self, name: str) -> Collection:
        self[name] = Collection(self, name)
        return self[name]

    def with_options(self, *, codec_options: object) -> "Database":
        assert codec_options is data.EXACT
        return self

    def command(self, command: Document, *, session: object) -> Document:
        assert (session, command["limit"], command["singleBatch"]) == (SESSION, 1, True)
        there = self[command["find"]].documents
        return {"cursor": {"atClusterTime": Timestamp(5, 6)} if there else {}}

    def start_session(self, *, snapshot: bool = False) -> Any:
        assert snapshot is not bool(self.done)
        return nullcontext(SESSION)


class Held:
    """A lock that is held."""

    def __init__(self, records: Collection) -> None:
        assert records.name == "migrations"
        self.done = records.database.done

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is to be given back."""

    def check(self) -> None:
        self.done.append("still held")


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    """An empty database; transactions happen at once."""
    database = Database()

    def at_once(_database: object, work: Callable[[Any], None]) -> None:
        database.done.append("transaction")
        work(SESSION)

    monkeypatch.setattr(data, "_in_transaction", at_once)
    monkeypatch.setattr(data, "Lock", Held)
    monkeypatch.setattr(data, "database_time", lambda _: AT)
    monkeypatch.setattr(runner, "up", lambda _: database.done.append("migrated"))
    return database


POSITIONS = [
    *("sync_job", "backfill", "gate_census", "verified"),
    *("verify", "rebuild_check", "rebuild", "sweep", "sync"),
]
CONTROL: list[Document] = [
    MODE,
    {"_id": "sync_mode_changes", "changes": []},
    *({"_id": place} for place in (*POSITIONS, "restore", "fan_out:rebuild")),
]
METER: Document = {"_id": "m", "sourceVersion": 1}
LEDGER: list[Document] = [{"_id": "001_one"}, {"_id": "lock"}]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A backup with a reading, a meter, the ledger of migrations and what control holds."""
    with new_file(tmp_path / "sample") as packed:
        writer = Writer(packed, {})
        held = {"energies": [{"_id": 1}, {"_id": 2}], "meters": [METER], "migrations": LEDGER, "control": CONTROL}
        for name, found in held.items():
            for document in found:
                writer.add(name, document)
        writer.end()
    return tmp_path / "sample"


def silent(_text: str) -> None: ...


def put_back(database: Database, file: Path, said: list[str] | None = None) -> Document | None:
    place: Any = database
    return restore(place, file, inspected(file), "olga", silent if said is None else said.append)


def test_a_restore_closes_the_database_and_opens_it_with_the_last_step(database: Database, file: Path) -> None:
    said: list[str] = []
    assert put_back(database, file, said) == MODE
    assert database.done[:4] == [
        "migrated",
        "transaction",
        ("control", "insert", SESSION, "restore"),
        ("control", "replace", True, SESSION, {"_id": "sync_mode"}),
    ]
    assert database.done[4:] == [
        "still held",
        ("majority", "energies"),
        ("energies", "insert", False, None, [1, 2]),
        "still held",
        ("majority", "meters"),
        ("meters", "insert", False, None, ["m"]),
        *["still held"] * 2,
        "transaction",
        ("migrations", "delete", SESSION, {"_id": {"$ne": "lock"}}),
        ("control", "delete", SESSION, {}),
        ("migrations", "insert", True, SESSION, ["001_one"]),
        ("control", "insert", True, SESSION, ["sync_mode", "sync_mode_changes"]),
    ]
    assert said == [
        f"{done} of {5 + len(CONTROL)} documents, now {name}"
        for done, name in ((2, "energies"), (3, "meters"), (5, "migrations"), (5 + len(CONTROL), "control"))
    ]
    assert database["meters"].documents["m"]["sourceVersion"] == AT


def test_meanwhile_nobody_can_read_the_mode_and_the_mark_says_whose_restore_it_is(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data._Restore, "run", lambda *_: None)
    put_back(database, file)
    assert database["control"].documents == {
        "restore": {
            "_id": "restore",
            "sha256": inspected(file).digest,
            "file": "sample",
            "by": "olga",
            "at": Int64(AT),
        },
        "sync_mode": {"_id": "sync_mode", "mode": "restoring", "since": NOW},
    }


def test_an_interrupted_restore_goes_on_from_its_own_moment_and_only_with_its_own_file(
    database: Database, file: Path
) -> None:
    mark = {"_id": "restore", "sha256": inspected(file).digest, "file": "sample", "by": "otto", "at": 7}
    database["control"].documents = {"restore": mark}
    assert put_back(database, file) == MODE
    assert database.done[:2] == ["still held", ("majority", "energies")], "no migration, and the mark stays"
    assert database["meters"].documents["m"]["sourceVersion"] == 7
    database["control"].documents = {"restore": mark | {"sha256": "another"}}
    with pytest.raises(OperatorError, match=r"another file was interrupted in sample: sample, by otto\. Give that"):
        put_back(database, file)


def test_who_writes_in_the_last_moment_gets_the_mode_of_before_back(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([{}, {"energies": 1}])
    monkeypatch.setattr(data, "occupied", lambda _: next(answers))
    database["control"].documents = {"sync_mode": MODE}
    with pytest.raises(OperatorError, match=r"sample is not empty: energies 1\. Nothing was changed"):
        put_back(database, file)
    assert database["control"].documents == {"sync_mode": MODE}


def test_who_writes_meanwhile_is_noticed_and_the_database_stays_closed(database: Database, file: Path) -> None:
    place: Any = database

    def somebody_writes(_text: str) -> None:
        database["energies"].documents["x"] = {"_id": "x"}

    with pytest.raises(
        OperatorError, match=r"^energies has 3 documents, and the backup 2: somebody else writes to sam"
    ):
        restore(place, file, inspected(file), "olga", somebody_writes)
    assert database["control"].documents["sync_mode"]["mode"] == "restoring"


def test_what_a_transaction_has_done_is_there_for_good() -> None:
    done: list[Any] = []

    def with_transaction(work: Callable[[str], str], *, write_concern: Any) -> None:
        done.append((work(SESSION), write_concern.document))

    session = SimpleNamespace(with_transaction=with_transaction)
    database: Any = SimpleNamespace(client=SimpleNamespace(start_session=lambda: nullcontext(session)))
    work: Any = "done in {}".format
    data._in_transaction(database, work)
    assert done == [("done in session", {"w": "majority"})]


def test_a_lock_that_another_one_holds_is_said_with_the_database(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(_: object) -> Any:
        raise LockedError("host 1 is at it")

    monkeypatch.setattr(data, "Lock", held)
    with pytest.raises(OperatorError, match=r"^sample: host 1 is at it$"):
        put_back(database, file)


@pytest.mark.parametrize(
    ("codes", "fails"), [([11_000], False), ([11_000, 11_000], False), ([11_000, 121], True), ([121], True), ([], True)]
)
def test_what_is_there_from_an_interrupted_run_is_left_and_any_other_failure_is_one(
    database: Database, file: Path, codes: list[int], fails: bool
) -> None:
    database["energies"].problem = BulkWriteError({"writeErrors": [{"code": code} for code in codes]})
    with pytest.raises(BulkWriteError) if fails else nullcontext():
        put_back(database, file)


def test_what_observes_a_rollout_makes_a_database_no_less_empty(database: Database) -> None:
    place: Any = database
    assert occupied(place) == {}
    assert database.counted.keys() == {*Collections} - {*data.OBSERVED}
    database["energies"].documents = {1: {}}
    database["page_measurements"].documents = {1: {}}
    database.in_control = 2
    assert occupied(place) == {"energies": 1, "control": 2}
    [untouched, mark, mode] = database.counted["control"]["$nor"]
    [places, fresh] = untouched["$or"]
    assert places == {"_id": {"$in": [*POSITIONS, re.compile("^fan_out:")]}}
    assert fresh == {"_id": "sync_mode", "since": datetime(1970, 1, 1, tzinfo=UTC)}
    assert (mark, mode) == ({"_id": "restore"}, {"_id": "sync_mode", "mode": "restoring"})


def test_a_backup_says_of_what_and_of_which_moment_it_is(database: Database, tmp_path: Path) -> None:
    place: Any = database
    database["energies"].documents = {number: {"_id": number} for number in range(1_200)}
    database["control"].documents = {"sync_mode": MODE}
    said: list[str] = []
    with new_file(tmp_path / "b") as packed:
        counts = take(place, lambda header: Writer(packed, header), said.append)
    assert counts == {"energies": 1_200, "control": 1} == inspected(tmp_path / "b").counts
    header = inspected(tmp_path / "b").header
    assert (header["database"], header["mode"], header["clusterTime"]) == ("sample", "dual_write", Timestamp(5, 6))
    assert (header["collections"], header["leftOut"]) == ([*data.CARRIED], dict(data.LEFT_OUT))
    assert {"takenAt"} < header.keys()
    assert database.looked == [("control", {"_id": "sync_mode"}, SESSION)]
    assert said == [f"{name}: {counts.get(name, 0):,}" for name in data.CARRIED]


def test_nothing_and_half_a_restore_are_no_backup(database: Database) -> None:
    place: Any = database
    with pytest.raises(OperatorError, match="sample has none of the collections"):
        take(place, lambda _: pytest.fail("no file"), silent)
    database["control"].documents = {"sync_mode": MODE | {"mode": "restoring"}}
    with pytest.raises(
        OperatorError, match=r"^sample is being restored, or a restore was interrupted: finish it first$"
    ):
        take(place, lambda _: pytest.fail("no file"), silent)


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (
            239,
            OperatorError,
            r"^the backup took longer than the database keeps its history \(minSnapshotHistoryWindowInSeconds, 300 s "
            r"unless somebody changed it\); nothing was written\. Raise it and begin again: "
            r"db\.adminCommand\({setParameter: 1, minSnapshotHistoryWindowInSeconds: 3600}\)$",
        ),
        (246, OperatorError, "^collections or indexes were changed meanwhile; run the backup again: it failed$"),
        (1, OperationFailure, "^it failed$"),
    ],
)
def test_a_database_that_cannot_show_one_moment_says_what_to_do(
    database: Database, tmp_path: Path, code: int, kind: type[Exception], said: str
) -> None:
    place: Any = database
    database["energies"].documents = {1: {"_id": 1}}
    database["energies"].problem = OperationFailure("it failed", code)
    with pytest.raises(kind, match=said), new_file(tmp_path / "b") as packed:
        take(place, lambda header: Writer(packed, header), silent)


@pytest.mark.parametrize(
    ("name", "document", "expected"),
    [
        ("energies", {"_id": 1, "revision": 5}, {"_id": 1, "revision": 5}),
        ("source_energy_readings", {"_id": 1, "revision": 5}, {"_id": 1, "revision": Int64(AT)}),
        ("source_energy_readings", {"_id": 1, "revision": AT}, {"_id": 1, "revision": Int64(AT + 1)}),
        ("source_energy_readings", {"_id": 1, "revision": "x"}, {"_id": 1, "revision": "x"}),
        ("meters", {"_id": "m"}, {"_id": "m"}),
        ("rollouts", {"state": "stopped"}, {"state": "stopped"}),
        ("rollouts", {"state": "running"}, {"state": "paused", "reason": data.PAUSED, "seen": None}),
        (
            "meters",
            {"_id": "m", "sourceVersion": AT, "series": 1, "sweep": 2, "packing": 3, "displayVersion": 9},
            {
                "_id": "m",
                "sourceVersion": Int64(AT + 1),
                "displayVersion": 0,
                "dirtyFrom": to_datetime(FIRST_INSTANT),
                "dirtyTo": to_datetime(LAST_INSTANT),
                "dirtySince": NOW,
            },
        ),
    ],
)
def test_versions_go_on_from_the_restore_and_a_meter_is_calculated_again(
    name: str, document: Document, expected: Document
) -> None:
    assert restored(name, document, AT) == expected


def test_documents_come_in_batches_of_one_collection() -> None:
    found = [*(("energies", {"_id": number}) for number in range(498)), *(("meters", {"_id": n}) for n in range(5))]
    batches = [(name, [each["_id"] for each in batch]) for name, batch in data._batches(found)]
    assert [(name, len(ids)) for name, ids in batches] == [("energies", 498), ("meters", 2), ("meters", 3)]
    assert batches[2][1] == [2, 3, 4]
