"""A backup's file: every type comes back, and what is not whole is refused with what is wrong."""

import gzip
import os
import stat
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bson import Binary, Decimal128, Int64, ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS

from chalicelib.repositories.database import Collections
from infra.errors import OperatorError
from infra.operations.backup import data as backup_data
from infra.operations.backup.file import Contents, Writer, counted, documents, inspected, new_file

EVERY_TYPE: dict[str, Any] = {
    "_id": ObjectId(),
    "small": 5,
    "large": Int64(5),
    "double": 5.0,
    "amount": Decimal128("12.500"),
    "nan": Decimal128("NaN"),
    "date": DatetimeMS(-62135596800001),  # a year before the first that Python knows
    "binary": Binary(b"\x00\xff", 0),
    "at": Timestamp(1, 2),
    "nothing": None,
    "text": "用户 \n $date",
    "list": [{"a": True}, []],
}


def written(path: Path, count: int = 3) -> Path:
    with new_file(path) as packed:
        writer = Writer(packed, {"database": "d", "takenAt": datetime(2026, 1, 1, tzinfo=UTC)})
        for number in range(count):
            writer.add("energies", EVERY_TYPE | {"_id": number})
        writer.add("meters", {"_id": "m"})
        writer.end()
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "sample.backup")


def test_every_collection_is_carried_or_left_out_with_a_reason() -> None:
    """A new collection is lost by a backup unless somebody decides."""
    carried = set(backup_data.CARRIED) - {"migrations"}
    assert carried | set(backup_data.LEFT_OUT) == set(Collections)
    assert not carried & set(backup_data.LEFT_OUT)
    assert all(len(reason.split()) > 3 for reason in backup_data.LEFT_OUT.values())


def test_a_restore_brings_a_meter_after_its_readings_and_the_mode_at_the_very_end() -> None:
    assert " ".join(backup_data.CARRIED) == (
        "energies source_energy_readings quarantined_readings repaired_readings user_settings "
        "imports meters flag_changes rollouts erasures migrations control"
    )


def test_what_observes_the_rollout_is_in_no_restores_way() -> None:
    assert sorted(backup_data.OBSERVED) == [
        "backend_comparisons",
        "backend_usage_logs",
        "discarded_events",
        "feedback",
        "gate_agreements",
        "gate_evidence",
        "page_measurements",
        "usage_hours",
        "usage_people",
        "v1_callers",
    ]


def test_every_type_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "types"
    with new_file(path) as packed:
        writer = Writer(packed, {})
        writer.add("energies", EVERY_TYPE)
        writer.end()
    [(collection, document)] = documents(path)
    assert (collection, list(document)) == ("energies", list(EVERY_TYPE))
    assert {name: (type(value), repr(value)) for name, value in document.items() if name != "binary"} == {
        name: (type(value), repr(value)) for name, value in EVERY_TYPE.items() if name != "binary"
    }
    assert bytes(document["binary"]) == b"\x00\xff"


def test_a_whole_file_says_what_is_in_it(file: Path) -> None:
    found = inspected(file)
    assert found.counts == {"energies": 3, "meters": 1}
    assert found.header["database"] == "d"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes()[8] == 0, "packed as usual: neither as small nor as fast as can be"


def test_counts_are_said_as_they_come_or_in_an_order_without_those_that_are_nothing() -> None:
    counts = {"meters": 1, "energies": 1200, "migrations": 0}
    assert counted(counts) == "meters 1, energies 1,200"
    assert counted(counts, ("energies", "migrations", "meters")) == "energies 1,200, meters 1"
    assert counted({}) == ""


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    def interrupted() -> None:
        with new_file(tmp_path / "half") as packed:
            Writer(packed, {})
            assert [path.name for path in tmp_path.iterdir()] == ["half.unfinished"]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_backup_has_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "sample.unfinished").write_bytes(b"half")
    written(tmp_path / "sample")
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


def test_of_two_backups_to_one_file_the_second_is_refused_and_the_first_is_whole(tmp_path: Path) -> None:
    """Such as by a schedule whose last run takes long: the first one's end must not name what the other has begun."""
    path = tmp_path / "sample"
    with new_file(path) as packed:
        with pytest.raises(OperatorError, match="another backup writes"), new_file(path):
            pass
        writer = Writer(packed, {"database": "d"})
        writer.add("energies", {"_id": 1})
        writer.end()
    assert inspected(path).counts == {"energies": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["sample"]


def test_who_waited_for_a_file_that_has_its_name_by_now_does_not_begin_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one has opened the unfinished file before the first one's end, and looks at it behind that."""
    path, real = tmp_path / "sample", os.open

    def opened(name: Any, *how: Any) -> int:
        number = real(name, *how)
        if str(name).endswith(".unfinished") and not path.exists():
            (tmp_path / "sample.unfinished").rename(path)
            path.write_bytes(b"whole")
            path.rename(tmp_path / "moved")
        return number

    monkeypatch.setattr(os, "open", opened)
    with pytest.raises(OperatorError, match="another backup writes"), new_file(path):
        pass
    assert (tmp_path / "moved").read_bytes() == b"whole"


def test_what_has_its_name_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda number: sizes.append(os.fstat(number).st_size))
    assert [written(tmp_path / "sample").stat().st_size] == sizes


def test_a_backup_that_is_there_is_not_overwritten(file: Path) -> None:
    content = file.read_bytes()
    with pytest.raises(OperatorError, match="is there already"):
        written(file)
    assert file.read_bytes() == content


def test_wherever_a_file_is_cut_off_it_is_refused(file: Path) -> None:
    content = file.read_bytes()
    for length in range(len(content)):
        file.write_bytes(content[:length])
        with pytest.raises(OperatorError, match=r"truncated|damaged"):
            inspected(file)


def test_what_is_cut_off_or_damaged_is_named_with_its_line(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-4])
    with pytest.raises(OperatorError, match=r"sample\.backup is truncated: it ends in line 7$"):
        inspected(file)
    file.write_bytes(content + b"x")
    with pytest.raises(OperatorError, match=r"sample\.backup is damaged after line 6, or no backup: "):
        inspected(file)


def lines(edit: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda content: gzip.compress(b"\n".join(edit(gzip.decompress(content).splitlines())) + b"\n")


EDITS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a value": (lines(lambda all_: [line.replace(b"12.500", b"12.600") for line in all_]), "edited or damaged"),
    "a line taken away": (lines(lambda all_: all_[:1] + all_[2:]), "edited or damaged"),
    "a line twice": (lines(lambda all_: [*all_[:2], *all_[1:]]), "edited or damaged"),
    "the last line taken away": (lines(lambda all_: all_[:-1]), "truncated"),
    "a line after the last": (lines(lambda all_: [*all_, all_[1]]), "comes after its last line"),
    "no JSON": (lines(lambda all_: [all_[0], b"{", *all_[1:]]), "is damaged: line 2 is not extended JSON: Expecting"),
    "JSON of others": (lines(lambda all_: [all_[0], b'{"a": 1}', *all_[1:]]), "see line 2"),
    "no header": (lines(lambda all_: all_[1:]), "first line"),
    "another version": (lines(lambda all_: [all_[0].replace(b'"1"}', b'"2"}', 1), *all_[1:]]), "version 2"),
    "a bit": (lambda content: content[:99] + bytes([content[99] ^ 4]) + content[100:], "damaged|edited|truncated|JSON"),
    "no gzip": (lambda _: b"hello", "no backup"),
    "something behind it": (lambda content: content + b"x", "damaged"),
    "nothing": (lambda _: b"", "truncated"),
}


@pytest.mark.parametrize(("edit", "said"), EDITS.values(), ids=EDITS)
def test_an_edited_file_is_refused_with_what_is_wrong(file: Path, edit: Callable[[bytes], bytes], said: str) -> None:
    before = sha256(file.read_bytes())
    file.write_bytes(edit(file.read_bytes()))
    assert sha256(file.read_bytes()).digest() != before.digest()
    with pytest.raises(OperatorError, match=said):
        inspected(file)


class Counted:
    """A database with so many documents in each collection."""

    name = "restored"

    def __init__(self, **counts: int) -> None:
        self.counts = counts

    def __getitem__(self, name: str) -> Any:
        return SimpleNamespace(count_documents=lambda _: self.counts.get(name, 0))


@pytest.mark.parametrize(
    ("there", "fits"),
    [
        ({"energies": 3, "repaired_readings": 2}, True),
        ({"energies": 3, "repaired_readings": 1}, True),
        ({"energies": 3, "repaired_readings": 3}, False),
        ({"energies": 2, "repaired_readings": 2}, False),
        ({"energies": 4, "repaired_readings": 2}, False),
        ({"energies": 3, "repaired_readings": 2, "meters": 1}, False),
    ],
)
def test_only_what_forgets_by_itself_may_be_less_than_the_backup_says(there: dict[str, int], fits: bool) -> None:
    restore: Any = SimpleNamespace(database=Counted(**there))
    contents = Contents({}, {"energies": 3, "repaired_readings": 2}, "digest")
    with nullcontext() if fits else pytest.raises(OperatorError, match="somebody else writes to restored"):
        backup_data._Restore._check_counts(restore, contents)
