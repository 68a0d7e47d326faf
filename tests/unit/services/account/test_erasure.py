"""One erasure that fails holds up no other, and its log line names nobody."""

from collections.abc import Callable, Iterator

import pytest

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.people.account import Erasure, Left
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.monitoring.people import begin_call, hidden
from chalicelib.services.account.erasure import AccountErasureService
from infra.simulation.memory.account import FakeErasures
from infra.simulation.memory.store import FakeStore

MARKED = "a marked person"
PSEUDONYMS = Pseudonyms(b"key")


class Failing(FakeErasures):
    """The documents of one person cannot be removed."""

    def __init__(self, error: Exception) -> None:
        super().__init__(FakeStore(lambda: 0))
        self.error = error

    def removing(self, erasure: Erasure, left: Left) -> Iterator[None]:
        if erasure.user_id == MARKED:
            raise self.error
        yield from super().removing(erasure, left)


@pytest.mark.parametrize("error", [UnavailableError("out of time"), ZeroDivisionError(MARKED)])
def test_one_that_fails_stays_open_and_the_next_one_has_its_turn(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    erasures = Failing(error)
    service = AccountErasureService(erasures, (), PSEUDONYMS, lambda: 0)
    begun = [erasures.begin(user, "pseudonym") for user in (MARKED, "bob")]
    report = service.run(60)
    assert (report.erased, report.left) == (1, 1)
    assert [each.user_id for each in erasures.unfinished()] == [MARKED]
    [record] = caplog.records
    assert record.__dict__["receipt"] == begun[0].receipt
    assert MARKED not in str(record.__dict__)
    assert isinstance(error, UnavailableError) or "removing" in record.__dict__["frames"][-1]


def test_a_request_that_fails_on_the_way_says_that_it_goes_on() -> None:
    service = AccountErasureService(Failing(UnavailableError("out of time")), (), PSEUDONYMS, lambda: 0)
    assert service.erase(MARKED, 60).erased_at is None


class Place:
    """A place beside the database; ``told``: how many seconds were left at each call, which calls ``takes``."""

    def __init__(self, name: str, takes: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self.takes = takes
        self.is_away = False
        self.entries = 1
        self.told: list[float] = []

    def forget(self, user_id: str, left: Left) -> int:
        self.told.append(left())
        self.takes()
        if self.is_away:
            raise UnavailableError(f"{self.name} is away")
        went, self.entries = self.entries, 0
        return went

    def forget_late(self, is_erased: Callable[[str], bool], left: Left) -> int:
        return self.forget("", left)


def test_what_somebody_brings_back_while_another_place_is_away_goes_again_and_is_counted() -> None:
    erasures = FakeErasures(FakeStore(lambda: 0))
    lists, versions = Place("lists"), Place("versions")
    versions.is_away = True
    service = AccountErasureService(erasures, (lists, versions), PSEUDONYMS, lambda: 0)
    assert service.erase(MARKED, 60).erased_at is None
    lists.entries = 2  # an alarm has rolled the deployment back
    versions.is_away = False
    assert service.run(60).erased == 1
    done = service.erase(MARKED, 60)
    assert lists.entries == 0
    assert (done.deleted["lists"], done.deleted["versions"]) == (3, 1)


def test_a_place_gets_what_is_left_of_the_time() -> None:
    now = iter(range(0, 1_000_000, 4_000))
    places = [Place("lists"), Place("versions"), Place("letters")]
    service = AccountErasureService(FakeErasures(FakeStore(lambda: 0)), places, PSEUDONYMS, lambda: next(now))
    assert service.erase(MARKED, 22).erased_at is None
    assert [place.told for place in places] == [[10], [2], []]


@pytest.mark.parametrize("error", [UnavailableError("too many letters"), RecursionError()])
def test_a_late_place_that_is_not_through_keeps_fences_up_and_nothing_else(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    class Stuck(Place):
        def forget_late(self, is_erased: Callable[[str], bool], left: Left) -> int:
            self.told.append(left())
            raise error

    tidied: list[bool] = []

    class Tidied(FakeErasures):
        def tidy(self, *, opens: bool) -> int:
            tidied.append(opens)
            return super().tidy(opens=opens)

    erasures, stuck, late = Tidied(FakeStore(lambda: 0)), Stuck("letters"), Place("others")
    service = AccountErasureService(erasures, (), PSEUDONYMS, lambda: 0, (stuck, late))
    erasures.begin(MARKED, "pseudonym")
    assert service.run(60).as_document() == {"erased": 1, "left": 0, "opened": 0, "waiting": 1}
    assert (tidied, stuck.told, late.told) == ([False], [30], [30])
    assert [record.__dict__["late"] for record in caplog.records] == ["letters"]


class Timed:
    """A clock that goes on where somebody takes time."""

    def __init__(self) -> None:
        self.now = 0

    def take(self, seconds: int) -> Callable[[], None]:
        def takes() -> None:
            self.now += seconds * 1000

        return takes


def test_a_place_that_takes_the_whole_time_leaves_the_others_and_the_account_to_the_next_run() -> None:
    timed = Timed()
    slow, other = Place("lists", timed.take(60)), Place("versions")
    erasures = FakeErasures(FakeStore(lambda: 0))
    service = AccountErasureService(erasures, (slow, other), PSEUDONYMS, lambda: timed.now)
    erasures.begin(MARKED, "pseudonym")
    assert service.run(60).as_document() == {"erased": 0, "left": 1, "opened": 0, "waiting": 0}
    assert other.told == []
    slow.takes = lambda: None
    assert service.run(60).as_document() == {"erased": 1, "left": 0, "opened": 0, "waiting": 0}


def test_late_places_share_half_of_the_time_and_no_place_has_less_than_none() -> None:
    timed = Timed()
    slow, other = Place("letters", timed.take(45)), Place("others")
    erasures = FakeErasures(FakeStore(lambda: 0))
    service = AccountErasureService(erasures, (), PSEUDONYMS, lambda: timed.now, (slow, other))
    erasures.begin(MARKED, "pseudonym")
    service.run(60)
    assert (slow.told, other.told) == ([30], [0])


def test_where_nobody_was_erased_nothing_is_looked_for_and_nothing_waits() -> None:
    late = Place("letters")
    service = AccountErasureService(FakeErasures(FakeStore(lambda: 0)), (), PSEUDONYMS, lambda: 0, (late,))
    assert service.run(60).as_document() == {"erased": 0, "left": 0, "opened": 0, "waiting": 0}
    assert late.told == []


def test_a_place_that_is_away_is_logged_with_the_receipt(caplog: pytest.LogCaptureFixture) -> None:
    lists = Place("lists")
    lists.is_away = True
    service = AccountErasureService(FakeErasures(FakeStore(lambda: 0)), (lists,), PSEUDONYMS, lambda: 0)
    erasure = service.erase(MARKED, 60)
    [record] = caplog.records
    assert (record.levelname, record.message) == ("WARNING", "an erasure waits")
    assert record.__dict__["receipt"] == erasure.receipt
    assert record.__dict__["reason"].startswith("UnavailableError at ")


def test_no_line_that_is_logged_from_then_on_names_who_is_erased() -> None:
    begin_call()
    erasures = FakeErasures(FakeStore(lambda: 0))
    erasures.begin(MARKED, "pseudonym")
    assert MARKED in hidden(f"found {MARKED}")
    AccountErasureService(erasures, (), PSEUDONYMS, lambda: 0).run(60)
    assert MARKED not in hidden(f"found {MARKED}")
    begin_call()
