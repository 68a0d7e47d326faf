"""The events' contracts: their schemas in the repository, and what a consumer reads from a version it does not know."""

import json
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import AwareDatetime, ValidationError

from chalicelib.domain.errors import UnreadableEventError
from chalicelib.domain.events.contracts import (
    EnergyEvent,
    EnergyReadingsBulkImported,
    EnergyReadingUpdated,
    ImportedMeter,
    MeterRefreshRequested,
    MeterVersion,
)
from chalicelib.domain.events.unknown_versions import NamedMeters, is_of_unknown_version, named_meters
from chalicelib.domain.readings import EnergyType
from tests.unit.domain.events.event_schemas import FOLDER, generated, kinds, schema

POWER, GAS = EnergyType.POWER, EnergyType.GAS
MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
PLAN = {
    "EnergyReadingCreated",
    "EnergyReadingUpdated",
    "EnergyReadingDeleted",
    "EnergyReadingsBulkImported",
    "MeterExchanged",
    "UserSettingsChanged",
}
st.register_type_strategy(AwareDatetime, st.datetimes(timezones=st.just(UTC)))
EVENTS = st.one_of([st.builds(model, eventId=st.uuids(), version=st.just(1)) for model in kinds()])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
anything = st.recursive(
    scalars | st.sampled_from(["power", "gas"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "x"]), inner),
    max_leaves=8,
)
details = st.fixed_dictionaries(
    {}, optional={"version": anything, "userId": anything, "meter": anything, "meters": anything}
)


def sent(event: EnergyEvent) -> Any:
    """The detail as it arrives."""
    return json.loads(event.model_dump_json(by_alias=True))


def test_the_schemas_in_the_repository_are_those_of_the_events() -> None:
    """When this fails on purpose: make schemas. A change that old consumers cannot read needs a new version."""
    assert {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()} == generated()


def test_every_event_of_the_plan_has_a_contract() -> None:
    assert {model.__name__ for model in kinds()} >= PLAN


@given(EVENTS)
def test_an_event_is_always_what_its_schema_says_and_comes_back_as_it_was(event: EnergyEvent) -> None:
    detail = sent(event)
    jsonschema_rs.validate(schema(type(event)), detail)
    assert type(event).model_validate(detail) == event
    assert {"version", "eventId", "occurredAt", "userId"} <= set(detail)


@pytest.mark.parametrize("model", kinds(), ids=lambda model: model.__name__)
def test_no_event_carries_an_amount(model: type[EnergyEvent]) -> None:
    """An amount would be a number with decimals; versions, years and counts are whole."""
    assert '"number"' not in json.dumps(schema(model))
    assert 'amount"' not in json.dumps(schema(model)).lower()  # no field of that name


@pytest.mark.parametrize("model", kinds(), ids=lambda model: model.__name__)
def test_every_event_names_its_meters_with_their_source_version(model: type[EnergyEvent]) -> None:
    properties = schema(model)["properties"]
    (meter,) = [properties[name] for name in ("meter", "meters") if name in properties]
    reference = (meter.get("items") or meter)["$ref"].rpartition("/")[2]
    assert {"type", "sourceVersion"} <= set(schema(model)["$defs"][reference]["required"])


def test_an_import_says_how_much_and_which_years_but_not_the_readings() -> None:
    meter = ImportedMeter(type=POWER, source_version=3, first=MOMENT, last=MOMENT, affected_years=(2023, 2024))
    event = EnergyReadingsBulkImported(occurred_at=MOMENT, user_id="alice", import_id="i", count=7, meters=(meter,))
    assert set(sent(event)) == {"version", "eventId", "occurredAt", "userId", "importId", "count", "meters"}
    assert sent(event)["meters"] == [
        {
            "type": "power",
            "sourceVersion": 3,
            "first": "2024-01-01T00:00:00Z",
            "last": "2024-01-01T00:00:00Z",
            "affectedYears": [2023, 2024],
        }
    ]


@given(EVENTS, anything)
def test_an_event_may_say_its_trace_and_is_taken_whatever_stands_there(event: EnergyEvent, strange: Any) -> None:
    """More fields are no new version: who knows none of them takes the event all the same."""
    assert type(event).model_validate(sent(event) | {"aFieldOfALaterRelease": strange}) == event
    sent_by_others = sent(event)
    assert "traceparent" not in sent_by_others
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    traced = event.model_copy(update={"traceparent": trace})
    jsonschema_rs.validate(schema(type(event)), sent(traced))
    assert type(event).model_validate(sent(traced)).traceparent == trace
    if not isinstance(strange, str):
        assert type(event).model_validate(sent_by_others | {"traceparent": strange}) == event


def test_a_refused_event_does_not_say_in_the_log_whose_it_was() -> None:
    with pytest.raises(ValidationError) as refused:
        EnergyReadingUpdated.model_validate({"version": 1, "userId": "alice-of-12-elm-street", "meter": 1})
    assert "alice" not in str(refused.value)


@given(EVENTS)
def test_what_we_send_is_never_of_an_unknown_version(event: EnergyEvent) -> None:
    assert not is_of_unknown_version(sent(event))


@given(anything)
@example(True)
@example(1.0)
def test_any_other_version_and_none_at_all_are_unknown(version: Any) -> None:
    assert is_of_unknown_version({"version": version}) == (version != 1 or type(version) is not int)
    assert is_of_unknown_version({})


@given(anything.filter(lambda value: not isinstance(value, dict)))
def test_what_is_no_event_at_all_has_no_version_to_be_unknown(detail: Any) -> None:
    assert not is_of_unknown_version(detail)


@given(details)
def test_from_whatever_arrives_a_user_is_told_or_it_is_refused(detail: dict[str, Any]) -> None:
    user = detail.get("userId")
    if isinstance(user, str) and user:
        assert named_meters(detail).user_id == user
    else:
        with pytest.raises(UnreadableEventError, match="names no user"):
            named_meters(detail)


@given(st.sets(st.sampled_from(EnergyType)), st.lists(anything, max_size=2), st.booleans())
def test_the_meters_that_it_names_are_never_more_certain_than_what_it_says(
    types: set[EnergyType], strange: list[Any], single: bool
) -> None:
    """One that cannot be read could be any of them."""
    named: list[Any] = [{"type": kind.value, "new": 1} for kind in sorted(types)] + strange
    detail = {"userId": "alice"} | ({"meters": named[1:], "meter": named[0]} if single and named else {"meters": named})
    readable = {item["type"] for item in named if isinstance(item, dict) and item.get("type") in ("power", "gas")}
    certain = len([item for item in named if isinstance(item, dict) and item.get("type") in ("power", "gas")])
    expected = readable if certain == len(named) else set()
    assert named_meters(detail) == NamedMeters("alice", frozenset(map(EnergyType, expected)))


def test_a_later_version_of_an_event_still_tells_its_meter() -> None:
    meter = MeterVersion(type=GAS, source_version=1)
    detail = sent(MeterRefreshRequested(occurred_at=MOMENT, user_id="alice", meter=meter)) | {"version": 2, "new": []}
    assert is_of_unknown_version(detail)
    assert named_meters(detail) == NamedMeters("alice", frozenset({GAS}))
