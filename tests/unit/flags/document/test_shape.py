"""The shape of a flag document: which parts of the document it depends on, and which it does not."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import COMPONENT_FLAGS, FLAGS
from chalicelib.flags.document.shape import shape_of

NAMES = [*COMPONENT_FLAGS.values()]
FLAG = Flag(NAMES[0], 1, 2)
OTHER = Flag(NAMES[1], 1, 2)
PLAIN = FlagDocument({name: Flag(name, 1, 2) for name in FLAGS}, version="1")
SHAPE = shape_of(PLAIN)


@pytest.mark.parametrize(
    "changes",
    [
        {"rollout_percent": Decimal("12.5"), "enabled": True},
        {"test_user_ids": ("tim",), "enabled": True},
        {"blocked_user_ids": ("bob",)},
        {"exact_user_ids": ("eve",), "rollout_percent": Decimal(10)},
        {"updated_at": 99},
    ],
)
def test_percentages_lists_and_times_are_no_matter_of_shape(changes: dict[str, Any]) -> None:
    assert shape_of(PLAIN.with_flags(replace(FLAG, **changes))) == SHAPE


def test_a_flag_that_decides_nothing_is_as_one_that_is_off() -> None:
    assert shape_of(FlagDocument({})) == SHAPE
    assert shape_of(FlagDocument({}, malformed={FLAG.name: "no such member"})) == SHAPE


def test_shapes_that_records_hold_stay_what_they_are_called() -> None:
    assert SHAPE == "cd802b618522"
    assert shape_of(replace(PLAIN, unknown={"other": {}})) == "f7e2f97cbaa1"


def test_what_is_retired_and_what_is_foreign_is() -> None:
    retired = PLAIN.with_flags(replace(FLAG, retired=True))
    others = [
        retired,
        PLAIN.with_flags(replace(OTHER, retired=True)),
        replace(PLAIN, unknown={"theirs": {"default": False}}),
        replace(retired, unknown={"theirs": {"default": False}}),
    ]
    assert len({SHAPE, *map(shape_of, others)}) == 5
    assert shape_of(replace(PLAIN, unknown={"theirs": {"default": True}})) == shape_of(others[2])
    tombstone = FlagDocument({}, malformed={FLAG.name: "no such member"}, tombstones=frozenset([FLAG.name]))
    assert shape_of(tombstone) == shape_of(retired)
