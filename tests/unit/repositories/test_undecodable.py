"""Bytes that are no UTF-8 are read without a loss, shown to people, and sent as they were read, wherever they are."""

import inspect
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import bson
import pytest
from bson import Binary, Code, DBRef, Int64, ObjectId, Regex
from bson.raw_bson import RawBSONDocument
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.readings import flaws_of, is_whole
from chalicelib.repositories.database import CODEC_OPTIONS
from chalicelib.repositories.documents import flaws_in, meter_of
from chalicelib.repositories.undecodable import sendable, shown

MARK = "QQ"
TEXTS = st.binary(max_size=6).map(lambda raw: raw.replace(b"\0", b"").decode(errors="surrogateescape"))
SCALARS = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False),
    st.integers(-(2**31), 2**31 - 1),
    st.sampled_from(
        [Int64(5), ObjectId("0" * 24), Decimal("1.50"), Binary(b"\xff", 5), datetime(2024, 1, 1, tzinfo=UTC)]
    ),
    TEXTS.map(Code),
    TEXTS.map(Regex),
    st.builds(lambda text: Code(text, {text: text}), TEXTS),
    TEXTS.map(lambda text: DBRef(text, text)),
)
VALUES = st.recursive(
    SCALARS, lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS, each, max_size=3), max_leaves=8
)


def sent(document: dict[str, Any]) -> bytes:
    """What goes over the wire, by itself and inside another document."""
    alone = bson.encode(sendable(document), codec_options=CODEC_OPTIONS)
    inside = bson.encode({"in": sendable(document)}, codec_options=CODEC_OPTIONS)
    assert inside[8:-1] == alone
    return alone


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_was_read_is_sent_byte_for_byte(document: dict[str, Any]) -> None:
    encoded = sent(document)
    assert bson.decode(encoded, CODEC_OPTIONS) == document
    assert sent(bson.decode(encoded, CODEC_OPTIONS)) == encoded


@pytest.mark.parametrize(
    "value",
    [
        MARK,
        {MARK: 1},
        ["x", [MARK]],
        {"deep": {"er": MARK}},
        Code(MARK),
        Code(MARK, {"of": MARK}),
        Regex(MARK, "im"),
        DBRef(MARK, 1),
    ],
)
def test_it_is_what_the_driver_sends_of_other_characters(value: Any) -> None:
    plain = bson.encode({"_id": 1, "value": value, "last": Decimal("1.5")}, codec_options=CODEC_OPTIONS)
    foreign = plain.replace(MARK.encode(), b"\xff\xe9")
    assert sent(bson.decode(foreign, CODEC_OPTIONS)) == foreign


def test_as_deep_as_the_server_takes_it_is_sent_too() -> None:
    deep: Any = MARK
    for _ in range(180):
        deep = [deep]
    plain = bson.encode({"deep": deep})
    foreign = plain.replace(MARK.encode(), b"\xff\xe9")
    document, frames = bson.decode(foreign, CODEC_OPTIONS), len(inspect.stack())
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(frames + 500)  # somebody calls from far above
    try:
        assert sent(document) == foreign
    finally:
        sys.setrecursionlimit(limit)


def test_what_can_be_sent_stays_what_it_is() -> None:
    document = {"_id": 1, "amount": Decimal(5)}
    assert sendable(document) is document
    raw = RawBSONDocument(bson.encode({"a": 1}))
    assert sent({"raw": raw, "text": "\udcff"}) == sent({"raw": {"a": 1}, "text": "\udcff"})


def test_a_replacement_character_and_the_bytes_as_they_are_shown_are_other_texts() -> None:
    text = b"a\xff".decode(errors="surrogateescape")
    assert shown(text) == "a\\xff"
    assert shown("Ren\u00e9 \\xff") == "Ren\u00e9 \\xff"
    assert len({text, shown(text), "a\ufffd"}) == 3
    assert [is_whole(each) for each in (text, shown(text), "a\ufffd", "")] == [False, True, True, True]


def test_who_cannot_be_read_is_nobody() -> None:
    fields: dict[str, Any] = {"type": "power", "date": datetime(2024, 1, 1, tzinfo=UTC), "amount": 5.0, "_id": "one"}
    assert meter_of(fields | {"userId": "a"}) == ("a", "power")
    assert meter_of(fields | {"userId": "a\udcff"}) is None
    [flaw] = flaws_of(fields | {"userId": "a\udcff"})
    assert (flaw.where, flaw.reason) == ("userId", "userId is a string that is not UTF-8")
    assert [each.where for each in flaws_in(fields | {"userId": "a", "_id": "one\udcff"})] == ["_id"]
