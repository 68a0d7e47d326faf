"""Wherever the process dies that erases an account, the scheduled function brings it to its end."""

import pytest

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.repositories.fence import fence_id
from tests.depth import DEEP
from tests.integration.account.conftest import Place
from tests.integration.account.person import Person, set_mode
from tests.integration.crashes.copying import Original
from tests.integration.crashes.crashing import CrashPoint, run

pytestmark = pytest.mark.long


@pytest.mark.parametrize("mode", list(SyncMode) if DEEP else [SyncMode.DUAL_WRITE])
def test_wherever_an_erasure_dies_the_scheduled_function_ends_it(
    mode: SyncMode, place: Place, mongodb_uri: str
) -> None:
    """Before the fence nothing has happened; behind it, all that is left is done and the receipt is the same."""
    set_mode(place.database, mode)
    first = place.person()
    first.live()
    original = Original(place.database, first.user)
    whole = Person(place.database, place.container, original.copy())
    steps = run(mongodb_uri, place.database.name, "erase", whole.user, None)
    assert whole.stands_in() == {}
    counts = place.container.erasure.erase(whole.user, 60).deleted
    for step in range(len(steps)):
        person = Person(place.database, place.container, original.copy())
        before = person.stands_in()
        run(mongodb_uri, place.database.name, "erase", person.user, CrashPoint(step, after=False))
        place.database.client.admin.command("killAllSessions", [])  # by itself, the server takes 30 s
        place.container.erasure.run(60)
        stands = place.database["control"].find_one({"_id": fence_id(person.user)})
        assert person.stands_in() == ({} if stands else before), f"before step {step}, {steps[step]}"
        if stands:
            assert stands["deleted"] == counts, f"before step {step}, {steps[step]}"
