"""A person does what the page would, and records what came back."""

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from infra.drills.api import Reply, Sent
from infra.drills.history.operations import Outcome
from infra.drills.history.person import Person
from infra.drills.history.views import VIEWS
from infra.drills.history.wishes import DATES, TYPES, Wish, WishKind
from infra.errors import OperatorError

TIMELINE = next(number for number, view in enumerate(VIEWS) if "timeline_slider?type=power" in view.path)
EMPTY: dict[str, Any] = {"readings": []}
ROW = {"id": "a", "type": "power", "date": DATES[0].isoformat(), "amount": 10, "revision": "r1"}


def wish(kind: WishKind, *, view: int = 0, amount: int = 10, consistent: bool = False, by_v2: bool = False) -> Wish:
    return Wish(1, kind, TYPES[0], 0, 2, view, amount, by_v2, consistent, conditional=True)


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, "new", b"" if body is None else json.dumps(body).encode(), headers)


def timeline(version: int, etag: str = '"1"') -> Reply:
    return reply({"type": "power", "sourceVersion": version, "buckets": [{"count": 3}]}, etag=etag)


class Answers:
    """A transport that gives these answers and remembers what was sent."""

    def __init__(self, *replies: Reply | None) -> None:
        self.sent: list[Sent] = []
        self._replies: Iterator[Reply | None] = iter(replies)

    def __call__(self, sent: Sent) -> Reply | None:
        self.sent.append(sent)
        return next(self._replies)

    def said(self) -> list[str]:
        return [str(sent) for sent in self.sent]


def living(answers: Answers, *wished: Wish) -> Person:
    person = Person("alice", answers, 5.0, time.monotonic())
    for each in wished:
        person.fulfil(each)
    return person


def test_an_answer_that_is_older_than_what_was_shown_is_asked_for_again_and_must_be_there_then() -> None:
    look = wish(WishKind.LOOK, view=TIMELINE)
    answers = Answers(timeline(5), timeline(4), timeline(5))
    person = living(answers, look, look)
    assert [("consistent=true" in line) for line in answers.said()] == [False, False, True]
    assert [operation.passed_on for operation in person.operations] == [True, False, True]
    assert [operation.consistent for operation in person.operations] == [False, False, True]
    assert [operation.shown[0].count for operation in person.operations] == [3, 3, 3]


def test_304_shows_what_was_shown_with_that_etag() -> None:
    look = wish(WishKind.LOOK, view=TIMELINE)
    answers = Answers(timeline(5), reply(None, 304, etag='"1"'))
    person = living(answers, look, look)
    assert answers.sent[1].headers == {"If-None-Match": '"1"'}
    assert [operation.shown[0].version for operation in person.operations] == [5, 5]
    assert person.operations[0].digest == person.operations[1].digest != ""


def test_a_write_is_recorded_with_what_it_leaves_and_the_version_that_it_reached() -> None:
    created = reply({**ROW, "sourceVersion": 7}, 201)
    changed = reply({**ROW, "amount": 20, "revision": "r2", "sourceVersion": 8}, etag='"r2"')
    removed = reply(None, 204, **{"x-source-version": "9"})
    answers = Answers(reply(EMPTY), created, changed, removed)
    keep, again = wish(WishKind.KEEP), wish(WishKind.KEEP, amount=20)
    person = living(answers, keep, again, wish(WishKind.REMOVE))
    assert answers.said()[1:] == [
        "POST /components/energy_forms",
        "PUT /components/energy_forms/a",
        "DELETE /components/energy_forms/a",
    ]
    assert answers.sent[2].headers == {"If-Match": '"r1"'}
    writes = person.operations[1:]
    slot = ("power", DATES[0])
    assert [operation.effects for operation in writes] == [{slot: Decimal(10)}, {slot: Decimal(20)}, {slot: None}]
    assert [operation.versions for operation in writes] == [{"power": 7}, {"power": 8}, {"power": 9}]


def test_an_etag_from_before_the_last_change_is_sent_to_be_refused() -> None:
    created = reply({**ROW, "sourceVersion": 7}, 201)
    changed = reply({**ROW, "amount": 20, "revision": "r2", "sourceVersion": 8})
    answers = Answers(reply(EMPTY), created, changed, reply({}, 412))
    person = living(answers, wish(WishKind.KEEP), wish(WishKind.KEEP, amount=20), wish(WishKind.OUTDATED, amount=30))
    assert answers.sent[3].headers == {"If-Match": '"r1"'}
    assert (person.operations[3].outcome, person.operations[3].outdated) == (Outcome.REFUSED, True)


@pytest.mark.parametrize("lost", [None, reply({}, 503), reply({}, 429)])
def test_a_slot_of_unknown_outcome_is_left_alone(lost: Reply | None) -> None:
    created = reply({**ROW, "date": DATES[1].isoformat(), "sourceVersion": 7}, 201)
    answers = Answers(reply(EMPTY), lost, created)
    person = living(answers, wish(WishKind.KEEP), wish(WishKind.KEEP))
    assert person.operations[1].outcome is Outcome.UNKNOWN
    assert person.operations[1].effects == {("power", DATES[0]): Decimal(10)}
    assert person.operations[2].effects == {("power", DATES[1]): Decimal(10)}


def test_a_file_leaves_each_of_its_rows() -> None:
    answers = Answers(reply({"meters": [{"type": "power", "sourceVersion": 3}]}))
    person = living(answers, wish(WishKind.IMPORT, by_v2=True))
    assert answers.sent[0].path.startswith("/v2/energy/import?")
    rows = {("power", DATES[0]): Decimal(10), ("power", DATES[1]): Decimal(11)}
    assert (person.operations[0].effects, person.operations[0].versions) == (rows, {"power": 3})


def test_an_answer_that_nobody_expects_ends_the_history() -> None:
    with pytest.raises(OperatorError, match=r"GET .*: 422 .*no such thing"):
        living(Answers(reply({"detail": "no such thing"}, 422)), wish(WishKind.LOOK))


def test_in_the_end_the_backend_that_was_asked_must_answer() -> None:
    person = living(Answers(reply({"meters": []})))
    with pytest.raises(OperatorError, match="200 of the new backend, not the old one"):
        person.look_at_everything("old")
