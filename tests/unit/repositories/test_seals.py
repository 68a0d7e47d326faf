"""A seal holds for the view, the year, the data and the text that it was made of, and for nothing else."""

from decimal import Decimal
from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument

from chalicelib.domain.json.text import Waiting, WithText
from chalicelib.repositories.database import CODEC_OPTIONS
from chalicelib.repositories.sealed_views import AS_SENT, opened, sealed

VIEW = {"_id": "alice|power|monthly|2023|c2", "dataType": "monthly", "year": 2023, "data": {"n": Decimal("1.50")}}


def stored(**changes: Any) -> RawBSONDocument:
    """The view as the server sends it; None: without the field."""
    document = {name: value for name, value in {**sealed(VIEW), **changes}.items() if value is not None}
    return RawBSONDocument(bson.encode(document, codec_options=CODEC_OPTIONS), AS_SENT)


def test_where_it_holds_the_text_is_shown_and_the_data_wait() -> None:
    view, holds = opened(stored())
    assert holds
    assert isinstance(view["data"], WithText)
    assert dict(view["data"]) == {"n": Decimal("1.50")}
    assert (view["_id"], view["text"], len(view["seal"])) == (VIEW["_id"], '{"n":1.5}', 16)


def test_a_summary_has_no_text_and_a_seal_of_its_own() -> None:
    summary = sealed({**VIEW, "dataType": "summary", "year": None})
    assert "text" not in summary
    sent = RawBSONDocument(bson.encode(summary, codec_options=CODEC_OPTIONS), AS_SENT)
    view, holds = opened(sent)
    assert holds
    assert isinstance(view["data"], Waiting)
    assert not isinstance(view["data"], WithText)
    assert dict(view["data"]) == {"n": Decimal("1.50")}


@pytest.mark.parametrize(
    "change",
    [
        {"_id": 5},
        {"seal": "a text"},
        {"seal": None},
        {"seal": b"0" * 16},
        {"text": 7},
        {"text": '{"n":1.6}'},
        {"text": None},
        {"year": 2024},
        {"dataType": "histogram"},
        {"data": {"n": Decimal("1.6")}},
        {"data": 5},
    ],
    ids=str,
)
def test_where_it_does_not_hold_the_data_are_shown_as_they_are(change: dict[str, Any]) -> None:
    view, holds = opened(stored(**change))
    assert not holds
    assert view["data"] == change.get("data", VIEW["data"])
    assert not isinstance(view["data"], Waiting)
