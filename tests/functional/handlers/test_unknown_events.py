"""An event of a version that this code does not know: it says so, and its meters are right afterwards."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import UnavailableError, UnreadableEventError
from chalicelib.domain.readings import EnergyType
from chalicelib.handlers.display_data import bulk_import_handler, energy_reading_created_handler
from tests.functional.conftest import Api
from tests.functional.handlers.event_calls import Context, envelope, recorded

POWER, GAS = EnergyType.POWER, EnergyType.GAS
FILE = "date,type,amount\n2021-01-31,power,1\n2023-02-28,power,2\n2023-01-31,gas,3\n2023-03-31,gas,4\n"


@pytest.fixture
def shown(api: Api) -> Api:
    """Two meters of alice, one of bob, all shown, and then damaged behind everybody's back."""
    for user in ("alice", "bob"):
        api.request("POST", "/v2/energy/import", FILE, user=user, content_type="text/csv")
        bulk_import_handler(envelope(api.publisher.events[-1]), Context())
    documents = api.store.stored.display
    for key in documents:
        documents[key] = replace(documents[key], data={"damaged": True})
    return api


def handled(detail: dict[str, Any]) -> dict[str, Any]:
    event = {
        "version": "0",
        "id": "event-1",
        "detail-type": "EnergyReadingCreated",
        "source": "energy-monitor",
        "account": "000000000000",
        "time": "2024-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }
    return dict(energy_reading_created_handler(event, Context()))


def damaged(api: Api) -> set[tuple[str, EnergyType]]:
    """The meters of which a document still shows what nobody calculated."""
    return {key[:2] for key, document in api.store.stored.display.items() if document.data == {"damaged": True}}


@pytest.mark.parametrize("version", [{"version": 2}, {}, {"version": None}, {"version": "1"}, {"version": True}])
def test_the_meter_that_it_names_is_calculated_anew_from_end_to_end(shown: Api, version: dict[str, Any]) -> None:
    assert handled({**version, "userId": "alice", "meter": {"type": "gas", "colour": "blue"}}) == {"refreshed": 1}
    assert damaged(shown) == {("alice", POWER), ("bob", POWER), ("bob", GAS)}
    assert not shown.store.stored.meters["alice", GAS].state.stale


def test_where_no_meter_can_be_told_it_is_all_of_the_user_and_nobody_elses(shown: Api) -> None:
    assert handled({"version": 2, "userId": "alice", "meter": {"type": "water"}}) == {"refreshed": 2}
    assert damaged(shown) == {("bob", POWER), ("bob", GAS)}


def test_a_user_or_a_meter_that_is_not_there_is_not_made_by_it(shown: Api) -> None:
    before = set(shown.store.stored.meters)
    assert handled({"version": 2, "userId": "nobody", "meter": {"type": "gas"}}) == {"refreshed": 0}
    assert set(shown.store.stored.meters) == before


def test_an_event_that_names_nobody_fails_so_that_a_person_sees_it(shown: Api) -> None:
    with pytest.raises(UnreadableEventError, match=r"replay \(python -m infra replay\) or discard it"):
        handled({"version": 2})
    assert len(damaged(shown)) == 4


def test_an_event_of_our_version_that_is_no_event_still_fails(shown: Api) -> None:
    with pytest.raises(Exception, match="1 x missing occurredAt"):
        handled({"version": 1, "userId": "alice", "meter": {"type": "gas"}})
    assert len(damaged(shown)) == 4


def test_it_is_said_in_the_log_and_counted(
    shown: Api, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.clear()
    handled({"version": 7, "userId": "alice"})
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert warning.message == "event of an unknown version, its meters are calculated again in full"
    (done,) = [record for record in caplog.records if record.message == "event handled"]
    said = ("EnergyReadingCreated", 7, 2)
    assert tuple(done.__dict__[name] for name in ("event_type", "event_version", "refreshed")) == said
    assert (warning.__dict__["event_type"], warning.__dict__["event_version"]) == ("EnergyReadingCreated", 7)
    assert '"EventsOfUnknownVersion":[1.0]' in capsys.readouterr().out


def test_a_database_that_fails_is_raised_again_so_that_lambda_tries_once_more(shown: Api) -> None:
    shown.store.down = True
    with pytest.raises(UnavailableError):
        handled({"version": 2, "userId": "alice"})
    shown.store.down = False
    assert handled({"version": 2, "userId": "alice"}) == {"refreshed": 2}


def test_an_event_of_our_version_with_more_in_it_is_an_event_of_our_version(api: Api) -> None:
    event = recorded(api)
    event["detail"]["brandNew"] = True
    assert energy_reading_created_handler(event, Context()) == {"refreshed": 1}
