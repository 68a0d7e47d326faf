"""One erasure that fails holds up no other, and its log line names nobody."""

from collections.abc import Iterator

import pytest

from chalicelib.domain.account import Erasure
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.rollout.pseudonyms import Pseudonyms
from chalicelib.services.account.erasure import AccountErasureService
from tests.fakes.account import FakeErasures
from tests.fakes.store import FakeStore

MARKED = "a marked person"
PSEUDONYMS = Pseudonyms(b"key")


class Failing(FakeErasures):
    """The documents of one person cannot be removed."""

    def __init__(self, error: Exception) -> None:
        super().__init__(FakeStore(lambda: 0))
        self.error = error

    def removing(self, erasure: Erasure) -> Iterator[None]:
        if erasure.user_id == MARKED:
            raise self.error
        yield from super().removing(erasure)


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


def test_a_request_that_fails_on_the_way_says_that_it_goes_on() -> None:
    service = AccountErasureService(Failing(UnavailableError("out of time")), (), PSEUDONYMS, lambda: 0)
    assert service.erase(MARKED, 60).erased_at is None
