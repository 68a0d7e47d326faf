"""The scheduled function as Lambda calls it: what people have read is asked of both backends, and counted."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.records.comparison_log import Outcome
from chalicelib.domain.readings import EnergyType
from chalicelib.handlers.comparer import METRICS, backend_comparer
from infra.simulation.memory.migration.comparisons import FakeComparisonLog
from tests.functional.conftest import NOW, Api
from tests.functional.handlers.event_calls import Context

SCHEDULE = {"id": "schedule-1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
POWER = EnergyType.POWER
MONTHS = "/components/monthly_charts?type=power&year=2023"
TABLE = "/components/energy_table"


def run() -> dict[str, Any]:
    return dict(backend_comparer(SCHEDULE, Context()))


@pytest.fixture
def reader(api: Api) -> Api:
    """Somebody with a reading, the display up to date, who has looked at a chart and at the table."""
    body = json.dumps({"type": "power", "date": "2023-01-31", "amount": 5})
    assert api.request("POST", "/components/energy_forms", body).status_code == 201
    api.container.calculation.refresh("alice", POWER)
    for path in (MONTHS, TABLE):
        assert api.request("GET", path).status_code == 200
    return api


def damage(api: Api) -> None:
    """The stored chart says something that no reading says."""
    key = ("alice", POWER, "monthly", 2023)
    document = api.store.stored.display[key]  # type: ignore[index]
    months = [{**month, "meterReading": 7} for month in document.data["months"]]
    api.store.stored.display[key] = replace(document, data={**document.data, "months": months})  # type: ignore[index]


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """What the function has counted, as CloudWatch reads it."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return {name: line[name][0] for line in lines for name in METRICS.values() if name in line}


NOTHING = dict.fromkeys(METRICS.values(), 0)  # is said too, so that an alarm ends


def test_what_was_read_is_compared_once(reader: Api) -> None:
    assert run() == {"state": "compared", "equal": 2}
    assert run() == {"state": "compared"}
    rows = cast(FakeComparisonLog, reader.ports.comparisons).rows
    assert {row.compared.request.component for row in rows} == {Component.MONTHLY_CHARTS, Component.ENERGY_TABLE}


def test_a_difference_is_counted_and_told_by_its_place(reader: Api, capsys: pytest.CaptureFixture[str]) -> None:
    damage(reader)
    capsys.readouterr()
    assert run() == {"state": "compared", "equal": 1, "different": 1}
    assert metrics(capsys) == NOTHING | {"ComparisonsEqual": 1, "ComparisonsDifferent": 1}
    found = {(group.kind, group.place) for group in reader.ports.comparisons.report(NOW).groups}
    assert found == {("value", "months[].meterReading"), ("type", "months[].meterReading")}


def test_a_display_that_lags_is_lag(reader: Api, capsys: pytest.CaptureFixture[str]) -> None:
    body = json.dumps({"type": "power", "date": "2023-02-28", "amount": 6})
    assert reader.request("POST", "/components/energy_forms", body).status_code == 201
    capsys.readouterr()
    assert run() == {"state": "compared", "equal": 1, "lag": 1}
    assert metrics(capsys) == NOTHING | {"ComparisonsEqual": 1, "ComparisonsLag": 1}


def test_every_outcome_has_a_metric_of_its_own() -> None:
    assert set(METRICS) == set(Outcome)
    assert len(set(METRICS.values())) == len(Outcome)


def test_in_old_only_the_refusal_is_an_answer_and_no_failure(reader: Api) -> None:
    reader.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    done = run()
    assert done["state"] == "refused"
    assert "mode set dual_write" in done["reason"]


def test_in_new_only_views_are_compared_with_the_readings_that_count_and_rows_not_with_themselves(reader: Api) -> None:
    reader.store.stored.sync = SyncState(SyncMode.NEW_ONLY)
    assert run() == {"state": "compared", "equal": 1}


def test_nobody_is_named_in_what_is_logged(
    reader: Api, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(reader)
    caplog.clear()
    capsys.readouterr()
    run()
    logged = [{name: value for name, value in vars(record).items() if name != "pathname"} for record in caplog.records]
    said = capsys.readouterr().out + str(logged)
    assert "'different': 1" in said
    assert "alice" not in said


def test_a_failure_is_raised_so_that_lambda_knows_and_the_next_run_goes_on(reader: Api) -> None:
    reader.store.down = True
    with pytest.raises(UnavailableError):
        run()
    reader.store.down = False
    assert run()["equal"] == 2
