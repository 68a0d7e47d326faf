"""What a change of a flag is: a rise, wider, an opening; and what no document may say."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.errors import RolloutError
from chalicelib.flags.changes.checks import check_form, check_names, opens, rises, widens
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument, read
from chalicelib.flags.document.json_schema import first_document
from chalicelib.flags.document.names import GLOBAL

TABLE, SLIDER = "energy_table_new_backend", "timeline_slider_new_backend"
OFF = Flag(TABLE, 0, 0)
ON = Flag(TABLE, 0, 0, enabled=True)
TEN = replace(ON, rollout_percent=Decimal(10))
LISTED = replace(TEN, exact_user_ids=("a", "b"))
EVERYBODY = replace(LISTED, rollout_percent=Decimal(100))
SHUT, OPEN = Flag(GLOBAL, 0, 0), Flag(GLOBAL, 0, 0, enabled=True)


@pytest.mark.parametrize(
    ("before", "after", "rising", "wider"),
    [
        (OFF, OFF, False, False),
        (OFF, ON, False, False),
        (OFF, TEN, True, True),
        (replace(TEN, enabled=False), TEN, True, True),
        (TEN, replace(TEN, enabled=False), False, False),
        (TEN, TEN, False, False),
        (TEN, replace(TEN, rollout_percent=Decimal("10.001")), True, True),
        (TEN, replace(TEN, rollout_percent=Decimal("9.999")), False, False),
        (OFF, replace(TEN, enabled=False), True, False),
        (TEN, replace(TEN, test_user_ids=("t",)), True, False),
        (replace(TEN, test_user_ids=("t",)), TEN, False, False),
        (replace(TEN, test_user_ids=("t", "u")), replace(TEN, test_user_ids=("u", "t")), False, False),
        (replace(OFF, test_user_ids=("t",)), replace(ON, test_user_ids=("t",)), True, False),
        (replace(TEN, blocked_user_ids=("b",)), TEN, True, False),
        (TEN, replace(TEN, blocked_user_ids=("b",)), False, False),
        (replace(ON, blocked_user_ids=("b",)), ON, False, False),
        (LISTED, replace(LISTED, exact_user_ids=("a", "b", "c")), True, True),
        (LISTED, replace(LISTED, exact_user_ids=("b", "a")), False, False),
        (LISTED, replace(LISTED, exact_user_ids=("a",)), False, False),
        (LISTED, TEN, False, False),
        (TEN, LISTED, False, False),
        (EVERYBODY, replace(EVERYBODY, exact_user_ids=("a", "b", "c")), False, False),
        (EVERYBODY, replace(EVERYBODY, rollout_percent=Decimal(99), exact_user_ids=("c",)), False, False),
        (SHUT, OPEN, True, False),
        (OPEN, OPEN, False, False),
        (OPEN, SHUT, False, False),
    ],
)
def test_a_change_rises_or_widens(before: Flag, after: Flag, rising: bool, wider: bool) -> None:
    assert (rises(before, after), widens(before, after)) == (rising, wider)


def test_the_gate_opens_what_is_on_behind_it() -> None:
    behind = [OPEN, TEN, Flag(SLIDER, 0, 0, enabled=True), replace(TEN, enabled=False), LISTED]
    assert opens(behind, SHUT, OPEN) == [TEN, LISTED]
    assert opens(behind, OPEN, OPEN) == opens(behind, OPEN, SHUT) == opens(behind, SHUT, SHUT) == []
    assert opens(behind, OFF, TEN) == []


@pytest.mark.parametrize(
    "members",
    [
        {"rollout_percent": Decimal("10.0004")},
        {"enabled": True, "retired": True},
        {"updated_at": 5},
    ],
)
def test_a_document_that_would_say_something_else_is_not_deployed(members: dict[str, Any]) -> None:
    document = first_document().with_flags(replace(OFF, **members))
    with pytest.raises(RolloutError, match=r"^the flag document would not say what was meant: flags differ$"):
        check_form(document)


def test_a_document_in_its_form_is_deployed_as_it_is_written() -> None:
    document = first_document().with_flags(TEN)
    assert read(check_form(document)).flags == document.flags


def test_names_that_vanish_are_named_in_their_order() -> None:
    before = replace(first_document(), malformed={"mine": "?"}, unknown={"theirs": {}, "another": {}})
    with pytest.raises(
        RolloutError,
        match=r"^another, mine, theirs: a flag is retired, not left out, so that its name is remembered$",
    ):
        check_names(before, first_document())
    check_names(first_document(), replace(before, malformed={}))
    check_names(FlagDocument({}, malformed={TABLE: "?"}), first_document())


def test_what_is_retired_is_never_used_again() -> None:
    before = first_document().with_flags(replace(OFF, retired=True), Flag(SLIDER, 0, 0, retired=True))
    with pytest.raises(RolloutError, match=rf"^{TABLE}, {SLIDER}: retired, the name is never used again$"):
        check_names(before, first_document())
    check_names(before, before)
