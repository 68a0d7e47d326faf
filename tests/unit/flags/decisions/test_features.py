"""A flag is plain Powertools rules and back; whatever else a document has is set apart or refused."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from aws_lambda_powertools.utilities.feature_flags import FeatureFlags, SchemaValidator, StoreProvider
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.store import FixedFlagStore
from chalicelib.flags.document.bucketing import bucket
from chalicelib.flags.document.feature_codec import MalformedFlagError, feature_of, flag_of
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument, MalformedDocumentError, read, written
from chalicelib.flags.document.json_schema import document_schema, first_document
from chalicelib.flags.document.names import COMPONENT_FLAGS, COMPONENTS, FLAGS, GLOBAL

TABLE = COMPONENT_FLAGS[Component.ENERGY_TABLE]
SECOND = 1_700_000_000_000
SCHEMA = jsonschema_rs.Draft4Validator(document_schema())
people = st.lists(st.sampled_from(["alice", "bob", "carla", "用户", "auth0|7"]), unique=True, max_size=4).map(tuple)
percents = st.just(Decimal(100)) | st.decimals(0, 100, places=3)


@st.composite
def flags(draw: st.DrawFn) -> Flag:
    """Any flag of a component that an operator can make."""
    percent = draw(percents)
    exact = draw(st.none() | people) if percent else None
    return Flag(
        draw(st.sampled_from(list(COMPONENTS))),
        SECOND,
        SECOND + 1000,
        enabled=draw(st.booleans()),
        rollout_percent=percent,
        test_user_ids=draw(people),
        blocked_user_ids=draw(people),
        exact_user_ids=exact or None,
    )


def feature(**changed: Any) -> dict[str, Any]:
    flag = replace(
        Flag(TABLE, SECOND, SECOND, enabled=True, rollout_percent=Decimal(10), test_user_ids=("t",)), **changed
    )
    return feature_of(flag)


@given(flags())
def test_a_flag_is_read_back_as_it_was_written(flag: Flag) -> None:
    stored = json.loads(json.dumps(feature_of(flag)))
    assert flag_of(flag.name, stored) == flag
    assert feature_of(flag_of(flag.name, stored)) == stored


@given(flags())
def test_what_is_written_is_plain_powertools_and_passes_appconfigs_validator(flag: Flag) -> None:
    document = json.loads(written(first_document().with_flags(flag)))
    SchemaValidator(document).validate()
    SCHEMA.validate(document)


def test_a_document_is_written_in_lines_and_in_everybodys_letters() -> None:
    document = FlagDocument({GLOBAL: Flag(GLOBAL, 0, 1_000)}, unknown={"用户": {"a": 1}})
    assert written(document).decode() == (
        '{\n "new_backend_enabled": {\n  "default": false,\n  "createdAt": "1970-01-01T00:00:00Z",\n'
        '  "updatedAt": "1970-01-01T00:00:01Z",\n  "componentScope": null\n },\n "用户": {\n  "a": 1\n }\n}'
    )


def test_what_was_read_of_four_documents_is_kept_and_no_more() -> None:
    """A document may have megabytes, and a function lives for hours."""
    assert read.cache_parameters()["maxsize"] == 4


class AsStored(StoreProvider):
    """The document as anybody's Powertools would read it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def get_configuration(self) -> dict[str, Any]:
        return self._document

    @property
    def get_raw_configuration(self) -> dict[str, Any]:
        return self._document


@given(flags(), st.sampled_from(["alice", "bob", "carla", "用户", "auth0|7", "dora", "emil"]), st.booleans())
def test_plain_powertools_on_the_stored_document_decides_the_same(flag: Flag, user_id: str, gate: bool) -> None:
    document = first_document().with_flags(flag, Flag(GLOBAL, SECOND, SECOND, enabled=gate))
    plain = FeatureFlags(AsStored(json.loads(written(document))))
    context = {"user_id": user_id, "bucket": bucket(flag.name, user_id)}
    opened = plain.evaluate(name=GLOBAL, default=False)
    expected = opened and plain.evaluate(name=flag.name, context=context, default=False)
    decision = FlagDecisions(FixedFlagStore(document)).should_use_new_backend(user_id, COMPONENTS[flag.name])
    assert (decision.backend is Backend.NEW) is expected


def test_at_0_percent_there_is_no_rule_about_buckets() -> None:
    assert "rules" not in feature(rollout_percent=Decimal(0), test_user_ids=())


def test_what_stands_in_a_retired_flag_is_that_it_is_off() -> None:
    assert list(feature(retired=True, rollout_percent=Decimal(0), test_user_ids=(), enabled=False)["rules"]) == ["off"]


def percentage(found: dict[str, Any]) -> dict[str, Any]:
    return found["rules"]["percentage"]["conditions"][0]["value"]  # type: ignore[no-any-return]


TAMPERED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a text where a number of buckets belongs": lambda found: percentage(found).update(END="9999"),
    "a truth value where a number belongs": lambda found: percentage(found).update(START=False),
    "buckets beyond the last": lambda found: percentage(found).update(END=100_000),
    "101 percent": lambda found: percentage(found).update(END=101_000 - 1),
    "another base": lambda found: percentage(found).update(BASE=100),
    "a range that does not begin at 0": lambda found: percentage(found).update(START=5),
    "another salt": lambda found: found.update(salt="dashboard_new_backend"),
    "no salt": lambda found: found.pop("salt"),
    "another component": lambda found: found.update(componentScope="dashboard"),
    "a member that nobody knows": lambda found: found.update(rolloutPercent=50),
    "a rule that nobody knows": lambda found: found["rules"].update(mine=found["rules"]["percentage"]),
    "a condition more": lambda found: found["rules"]["percentage"]["conditions"].append(
        found["rules"]["testUsers"]["conditions"][0]
    ),
    "an answer the other way round": lambda found: found["rules"]["percentage"].update(when_match=False),
    "a number for an answer": lambda found: found["rules"]["percentage"].update(when_match=1),
    "new by default": lambda found: found.update(default=True),
    "no default": lambda found: found.pop("default"),
    "a user who is a number": lambda found: found["rules"]["testUsers"]["conditions"][0].update(value=[7]),
    "one user instead of a list": lambda found: found["rules"]["testUsers"]["conditions"][0].update(value="alice"),
    "another action": lambda found: found["rules"]["testUsers"]["conditions"][0].update(action="NOT_IN"),
    "another key": lambda found: found["rules"]["testUsers"]["conditions"][0].update(key="tenant"),
    "rules that are a list": lambda found: found.update(rules=[]),
    "a date that is none": lambda found: found.update(createdAt="yesterday"),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_a_flag_that_is_not_in_its_form_is_refused_here_and_by_appconfigs_validator(
    tamper: Callable[[dict[str, Any]], Any],
) -> None:
    found = copy.deepcopy(feature())
    tamper(found)
    with pytest.raises(MalformedFlagError):
        flag_of(TABLE, found)
    assert not SCHEMA.is_valid({**json.loads(written(first_document())), TABLE: found})


ONLY_HERE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "the percentage before the test users": lambda found: found.update(
        rules=dict(reversed(list(found["rules"].items())))
    ),
    "a percentage by hash and by id": lambda found: found["rules"].update(
        exact={"when_match": True, "percent": 10, "conditions": found["rules"]["testUsers"]["conditions"]}
    ),
    "everybody by id": lambda found: found.update(
        rules={"exact": {"when_match": True, "percent": 100, "conditions": found["rules"]["testUsers"]["conditions"]}}
    ),
    "retired, and on": lambda found: found.update(retired=True),
    "February 30": lambda found: found.update(createdAt="2026-02-30T00:00:00Z"),
    "a year that is written with fewer digits": lambda found: found.update(createdAt="0999-01-01T00:00:00Z"),
    "the year 0": lambda found: found.update(updatedAt="0000-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("tamper", ONLY_HERE.values(), ids=ONLY_HERE)
def test_a_contradiction_in_the_right_form_is_refused_too(tamper: Callable[[dict[str, Any]], Any]) -> None:
    found = copy.deepcopy(feature())
    tamper(found)
    with pytest.raises(MalformedFlagError):
        flag_of(TABLE, found)


def test_a_problem_says_where_and_what() -> None:
    found = feature()
    percentage(found)["END"] = "9999"
    with pytest.raises(MalformedFlagError, match=r"rules\.percentage\.conditions\.0\.value\.END: .*integer.*'9999'"):
        flag_of(TABLE, found)


def test_a_problem_is_cut_where_it_gets_long() -> None:
    found = feature()
    percentage(found)["END"] = "9" * 1_000
    with pytest.raises(MalformedFlagError) as refused:
        flag_of(TABLE, found)
    assert len(str(refused.value)) == 300


PEOPLE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "too many": lambda found: named(found).update(value=["alice"] * 1001),
    "an object": lambda found: named(found).update(value={"alice": 1}),
    "one instead of a list": lambda found: named(found).update(value="alice"),
    "an id that is too long": lambda found: named(found).update(value=["alice" * 99]),
    "a member that nobody knows": lambda found: found.update(testUserIds="alice"),
    "a rule that nobody knows": lambda found: found["rules"].update(mine=found["rules"]["testUsers"]),
}


def named(found: dict[str, Any]) -> dict[str, Any]:
    return found["rules"]["testUsers"]["conditions"][0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("tamper", PEOPLE.values(), ids=PEOPLE)
def test_a_problem_names_nobody(tamper: Callable[[dict[str, Any]], Any]) -> None:
    found = feature(test_user_ids=("alice",))
    tamper(found)
    with pytest.raises(MalformedFlagError) as refused:
        flag_of(TABLE, found)
    assert "alice" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"null", b'"off"', b"[" * 100_000])
def test_a_document_that_is_no_object_is_malformed_as_a_whole(content: bytes) -> None:
    with pytest.raises(MalformedDocumentError):
        read(content)


def test_one_malformed_flag_is_set_apart_and_the_others_are_read() -> None:
    features = json.loads(written(first_document()))
    features[TABLE]["rules"] = "off"
    document = read(json.dumps(features).encode())
    assert set(document.malformed) == {TABLE}
    assert set(document.flags) == set(FLAGS) - {TABLE}


def test_names_that_no_flag_has_are_kept_as_they_are() -> None:
    features = json.loads(written(first_document())) | {"somebody_elses": {"default": True}}
    document = read(json.dumps(features).encode())
    assert json.loads(written(document)) == features
    assert document.unknown == {"somebody_elses": {"default": True}}


def test_a_document_is_named_by_its_content() -> None:
    one, other = (read(written(first_document().with_flags(Flag(GLOBAL, SECOND, SECOND, on)))) for on in (False, True))
    assert one.version != other.version
    assert read(written(one)).version == one.version


def test_the_first_document_turns_every_flag_off() -> None:
    document = read(written(first_document()))
    assert set(document.flags) == set(FLAGS)
    assert not any(flag.enabled for flag in document.flags.values())
    SCHEMA.validate(json.loads(written(document)))


def test_a_flag_that_is_missing_is_refused_by_appconfigs_validator() -> None:
    features = json.loads(written(first_document()))
    del features[TABLE]
    assert not SCHEMA.is_valid(features)


def test_a_flag_takes_its_place_whatever_stood_there() -> None:
    document = FlagDocument({}, {TABLE: "malformed", GLOBAL: "malformed"}).with_flags(Flag(TABLE, SECOND, SECOND))
    assert (set(document.flags), set(document.malformed)) == ({TABLE}, {GLOBAL})
