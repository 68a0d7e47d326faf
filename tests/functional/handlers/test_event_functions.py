"""Event functions as Lambda calls them: an EventBridge envelope in, refreshed documents out."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.bootstrap.container import compose, using
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.events.contracts import MeterRefreshRequested, MeterVersion
from chalicelib.domain.readings import EnergyType
from chalicelib.handlers import display_data
from chalicelib.handlers.display_data import bulk_import_handler, energy_reading_created_handler
from infra.simulation.memory.ports import fake_ports
from tests.functional.conftest import NOW, Api
from tests.functional.handlers.event_calls import Context, envelope, recorded


def test_an_event_brings_its_meters_documents_up_to_date(api: Api) -> None:
    assert energy_reading_created_handler(recorded(api), Context()) == {"refreshed": 1}
    assert {key[2:] for key in api.store.stored.display} == {
        ("monthly", 2023),
        ("histogram", None),
        ("summary", None),
    }


def test_each_refresh_is_counted_with_the_time_since_its_event(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    event = recorded(api)
    later = compose(fake_ports(api.store, api.publisher), api.container.verifier, lambda: NOW + 1_500)
    capsys.readouterr()
    with using(later):
        energy_reading_created_handler(event, Context())
        energy_reading_created_handler(event, Context())
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"RefreshLag"' in line]
    assert (line["DisplayRefreshed"], line["RefreshLag"]) == ([1.0], [1500.0])


def test_a_doubled_event_does_nothing_more(api: Api) -> None:
    event = recorded(api)
    energy_reading_created_handler(event, Context())
    documents = dict(api.store.stored.display)
    assert energy_reading_created_handler(event, Context()) == {"refreshed": 0}
    assert api.store.stored.display == documents


def test_events_in_the_wrong_order_end_with_the_newest_figures(api: Api) -> None:
    first, second = recorded(api), recorded(api, 1100, "2023-02-28")
    assert energy_reading_created_handler(second, Context()) == {"refreshed": 1}
    assert energy_reading_created_handler(first, Context()) == {"refreshed": 0}
    meter = api.container.display.monthly("alice", EnergyType.POWER, 2023)
    assert meter.data["months"][1]["meterReading"] == 1100
    assert not meter.state.stale


def test_a_bulk_import_is_one_refresh_per_meter(api: Api) -> None:
    csv = "date,type,amount\n2023-01-31,power,1\n2023-02-28,power,2\n2023-01-31,gas,3\n"
    api.request("POST", "/v2/energy/import", csv, content_type="text/csv")
    assert bulk_import_handler(envelope(api.publisher.events[-1]), Context()) == {"refreshed": 2}


def test_an_import_that_is_taken_back_is_one_refresh_per_meter(api: Api) -> None:
    csv = "date,type,amount\n2023-01-31,power,1\n2023-01-31,gas,3\n"
    imported = api.request("POST", "/v2/energy/import", csv, content_type="text/csv").json_body
    assert api.request("DELETE", f"/v2/imports/{imported['importId']}").status_code == 200
    undone = envelope(api.publisher.events[-1])
    assert display_data.import_undone_handler(undone, Context()) == {"refreshed": 2}
    assert display_data.import_undone_handler(undone, Context()) == {"refreshed": 0}


READING = {"date": "2023-02-28", "amount": 1100}
EXCHANGE = {"type": "power", "date": "2023-02-15", "finalOld": 1150, "initialNew": 5}


@pytest.mark.parametrize(
    ("method", "path", "body", "handler", "meters"),
    [
        ("PUT", "energy/{id}", READING, display_data.energy_reading_updated_handler, 1),
        ("DELETE", "energy/{id}", None, display_data.energy_reading_deleted_handler, 1),
        ("POST", "exchanges", EXCHANGE, display_data.meter_exchanged_handler, 1),
        ("PUT", "settings", {"zone": "Asia/Tokyo"}, display_data.user_settings_changed_handler, 2),
    ],
)
def test_every_change_ends_in_a_refresh_of_its_meters(
    api: Api, method: str, path: str, body: dict[str, object] | None, handler: Callable[..., Any], meters: int
) -> None:
    reading = recorded(api)["detail"]["readingId"]
    api.request("POST", "/v2/energy", json.dumps({"type": "gas", "date": "2023-01-31", "amount": 5}))
    assert api.request(method, f"/v2/{path.format(id=reading)}", json.dumps(body)).status_code < 300
    assert handler(envelope(api.publisher.events[-1]), Context()) == {"refreshed": meters}
    assert not api.container.display.monthly("alice", EnergyType.POWER, 2023).state.stale


def test_an_operators_request_ends_in_a_refresh_of_its_meter(api: Api) -> None:
    changed = recorded(api)["detail"]
    meter = {name: changed["meter"][name] for name in MeterVersion.model_json_schema()["properties"]}
    event = MeterRefreshRequested(occurred_at=changed["occurredAt"], user_id="alice", meter=MeterVersion(**meter))
    assert display_data.meter_refresh_requested_handler(envelope(event), Context()) == {"refreshed": 1}


def test_a_meter_whose_documents_contradict_each_other_is_shown_again_from_its_readings(api: Api) -> None:
    event = recorded(api)
    energy_reading_created_handler(event, Context())
    meter = api.store.stored.meters["alice", EnergyType.POWER]
    meter.state = replace(meter.state, damaged=True)
    assert energy_reading_created_handler(event, Context()) == {"refreshed": 1}
    assert not api.store.stored.meters["alice", EnergyType.POWER].state.stale
    assert energy_reading_created_handler(event, Context()) == {"refreshed": 0}


def test_what_is_no_event_of_this_kind_fails_so_that_lambda_knows(api: Api) -> None:
    event = recorded(api)
    del event["detail"]["userId"]
    with pytest.raises(Exception, match="1 x missing userId"):
        energy_reading_created_handler(event, Context())


def test_a_refresh_that_fails_is_raised_again_and_the_meter_stays_dirty(api: Api) -> None:
    event = recorded(api)
    api.store.down = True
    with pytest.raises(UnavailableError):
        energy_reading_created_handler(event, Context())
    api.store.down = False
    assert api.store.stored.meters["alice", "power"].state.stale  # type: ignore[index]
    with using(api.container):
        assert energy_reading_created_handler(event, Context()) == {"refreshed": 1}
