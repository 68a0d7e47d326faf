"""``compare`` as somebody types it, on a database of its own: what it prints, what it refuses, how it ends."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Container, Ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sides import SyncMode
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.database import Collections
from chalicelib.services.migration.comparison import page_times
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra import __main__ as command_line
from infra.local import layout
from infra.local.identity import Identity
from infra.local.layout import Layout
from infra.local.waiting import wait_until
from tests.integration.comparison.planted_faults import MONTHS, Place

POWER, GAS = EnergyType.POWER, EnergyType.GAS
FILE = b"date,type,amount\n2023-01-31,power,4711\n2023-05-31,power,4815.162\n2023-01-31,gas,17\n2023-03-31,gas,42\n"
SECRETS = ("4711", "4815", "4712", "alice")
RUNBOOK = Path(__file__).parents[4] / "infra" / "README.md"
TODAY = datetime.now(UTC).date()


@pytest.fixture(autouse=True)
def _stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_uri: str, migrated: Database[Any]) -> None:
    """A laptop stack that has come up once, with this database."""
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    monkeypatch.setenv("STACK_NAME", "sample")
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("MONGODB_DATABASE", migrated.name)
    monkeypatch.delenv("PSEUDONYM_KEY", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    Layout.chosen("sample", {}).remember()


@pytest.fixture
def user(container: Container) -> str:
    """Somebody with readings, the display up to date."""
    name = f"alice-{uuid4().hex}"
    container.imports.bulk_create(name, FILE)
    for energy_type in EnergyType:
        container.calculation.refresh(name, energy_type)
    return name


@pytest.fixture
def damaged(migrated: Database[Any], ports: Ports, container: Container, user: str) -> str:
    """The same, but a stored chart says something that no reading says."""
    place = Place(migrated, ports, container, user)
    data = place.stored(MONTHS)
    data["months"][0]["meterReading"] = 4712
    place.store(MONTHS, data)
    return user


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["compare", *arguments])
    return exited.value.code


def document(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> Any:
    """What a command prints for programs; how it ends."""
    capsys.readouterr()
    assert run(*arguments, "--json") == code
    return json.loads(capsys.readouterr().out)


def fingerprint(capsys: pytest.CaptureFixture[str]) -> str:
    """What a comparison of everybody has found."""
    assert run("run", "--all") == 1
    [difference] = document(capsys, 1, "report")["differences"]
    return str(difference["fingerprint"])


@pytest.mark.usefixtures("user")
def test_where_nothing_differs_that_is_said_and_the_commands_succeed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "--all") == 0
    said = capsys.readouterr().out
    assert re.fullmatch(
        r"(\d+) reads compared: \1 equal, 0 different, 0 ignored, 0 lagging, 0 by other rules, 0 failed\n", said
    )
    report = document(capsys, 0, "report")
    assert set(report["outcomes"]) == {"dashboard", "energy_table", "timeline_slider", "monthly_charts"}
    assert (report["differences"], report["replays"]) == ([], [])


def test_a_report_tells_where_how_often_and_for_how_many_the_backends_differ(
    capsys: pytest.CaptureFixture[str], damaged: str
) -> None:
    assert document(capsys, 1, "run", "--user", damaged)["different"] == 1
    [difference] = document(capsys, 1, "report")["differences"]
    assert {
        "component": "monthly_charts",
        "kind": "value",
        "place": "months[].meterReading",
        "answers": 1,
        "users": 1,
        "open": True,
        "ignored": None,
        "gone": None,
    }.items() <= difference.items()
    [example] = difference["examples"]
    assert example["place"] == "months[0].meterReading"
    assert example["old"] != example["new"]
    assert run("report") == 1
    table = capsys.readouterr().out
    assert all(said in table for said in (difference["fingerprint"], "months[0].meterReading", "open"))


def test_nothing_that_is_printed_or_kept_names_a_user_or_an_amount(
    capsys: pytest.CaptureFixture[str], migrated: Database[Any], damaged: str
) -> None:
    run("run", "--all")
    [difference] = document(capsys, 1, "report")["differences"]
    for arguments in (
        ["report"],
        ["report", "--json"],
        ["replay", difference["fingerprint"]],
        ["run", "--user", damaged],
    ):
        run(*arguments)
    run("replay", difference["fingerprint"], "--json")
    run("ignore", difference["fingerprint"], "--owner=olga", "--reason=known", f"--until={TODAY}")
    printed = "".join(capsys.readouterr())
    assert len(printed) > 1_000
    kept = str(
        [*migrated[Collections.COMPARISONS].find(), migrated[Collections.CONTROL].find_one({"_id": "comparison_rules"})]
    )
    # Not within a pseudonym: among so many hexadecimal digits there is 4711 now and then.
    named = [secret for secret in SECRETS if re.search(rf"(?<![0-9a-f]){secret}(?![0-9a-f])", printed + kept)]
    assert named == []


def test_users_are_known_by_the_pseudonyms_of_the_deployed_functions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    found = fingerprint(capsys)
    monkeypatch.setenv("PSEUDONYM_KEY", Identity.of(Layout.of("sample")).pseudonym_key)
    assert document(capsys, 1, "replay", found)["showing"] == 1
    monkeypatch.setenv("PSEUDONYM_KEY", "another")
    assert run("replay", found) == 1
    assert "the key for pseudonyms is another" in capsys.readouterr().err


def test_a_replay_asks_again_and_what_was_mended_is_gone_from_what_is_open(
    capsys: pytest.CaptureFixture[str], container: Container, damaged: str
) -> None:
    found = fingerprint(capsys)
    again = document(capsys, 1, "replay", found)
    assert (again["outcomes"]["different"], again["showing"], again["gone"]) == (1, 1, False)
    container.recalculation.recalculate(damaged, [GAS])
    assert run("replay", found) == 0
    assert f"0 of them show {found}" in capsys.readouterr().out
    report = document(capsys, 0, "report")
    [difference] = report["differences"]
    assert difference["open"] is False
    assert difference["gone"] is not None
    assert [replay["showing"] for replay in report["replays"]] == [0, 1]
    assert all("@" in replay["operator"] for replay in report["replays"])


@pytest.mark.usefixtures("damaged")
def test_a_difference_that_somebody_answers_for_is_not_open(capsys: pytest.CaptureFixture[str]) -> None:
    found = fingerprint(capsys)
    rule = ["ignore", found, "--owner", "olga [b]", "--reason", "known", "--until", f"{TODAY + timedelta(days=3)}"]
    assert run(*rule) == 0
    assert f"olga [b] answers for {found} until the end of {TODAY + timedelta(days=3)}" in capsys.readouterr().out
    [difference] = document(capsys, 0, "report")["differences"]
    assert difference["open"] is False
    assert (difference["ignored"]["owner"], difference["ignored"]["expired"]) == ("olga [b]", False)
    assert document(capsys, 0, "run", "--all")["ignored"] == 1
    assert document(capsys, 0, *rule)["reason"] == "known"


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["replay", "unknown"], "no difference 'unknown' is kept"),
        (["ignore", "a.b", "--owner=o", "--reason=r", f"--until={TODAY}"], "no difference 'a.b' is kept"),
        (["run", "--user", "misspelt"], "nobody there has a meter or a reading"),
        (["run", "--user", ""], "nobody there has a meter or a reading"),
        (["report"], "nothing was compared in the last 24 hours"),
    ],
)
def test_what_is_not_there_is_said(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert run(*arguments) == 1
    assert message in "".join(capsys.readouterr())


@pytest.mark.usefixtures("damaged")
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"until": TODAY - timedelta(days=1)}, 1),
        ({"until": TODAY + timedelta(days=400)}, 1),
        ({"until": "9999-12-31"}, 1),
        ({"owner": " "}, 1),
        ({"reason": ""}, 2),
    ],
)
def test_a_rule_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], wrong: dict[str, Any], code: int) -> None:
    found = fingerprint(capsys)
    said = {"owner": "olga", "reason": "known", "until": TODAY, **wrong}
    assert run("ignore", found, *(f"--{name}={value}" for name, value in said.items())) == code
    assert capsys.readouterr().err.strip()
    assert document(capsys, 1, "report")["differences"][0]["ignored"] is None


def test_the_bug_that_the_readme_plants_is_found_and_mended(
    capsys: pytest.CaptureFixture[str], container: Container, mongodb_uri: str, migrated: Database[Any]
) -> None:
    chapter = RUNBOOK.read_text().split("## Roll a component out, and back\n")[1]
    [said] = re.findall(r"-d '(.*)'", chapter)
    [plant] = re.findall(r"^\.environments/app/bin/python (-c \".*?\")$", chapter, re.M | re.S)
    [person] = re.findall(r"'userId': '(.*?)'", plant)
    reading = json.loads(said)
    container.energy.create(person, ReadingDraft(POWER, reading["date"], Decimal(reading["amount"])))
    container.calculation.refresh(person, POWER)
    stacks = f"mongodb://127.0.0.1:{layout.Ports().mongodb}/?replicaSet=energy-monitor').energy_monitor"
    assert stacks in plant
    here = plant.replace(stacks, f"{mongodb_uri}').{migrated.name}")
    subprocess.run(["bash", "-euc", f"{sys.executable} {here}"], check=True, timeout=60)
    assert document(capsys, 1, "run", "--user", person)["different"] == 3, "both ends of the table, and the whole of it"
    found = document(capsys, 1, "report")["differences"]
    places = {(difference["component"], difference["place"]): difference["fingerprint"] for difference in found}
    assert places.keys() == {("energy_table", f"readings[].{name}") for name in ("amount", "revision")}
    planted = places["energy_table", "readings[].amount"]
    assert run("report") == 1
    said = f"{planted}  energy_table, value at readings[].amount; 3 answers to 1 user, last seen"
    assert said in capsys.readouterr().out
    with pytest.raises(SystemExit) as repaired:
        command_line.run(["repair", "--user", person, "--apply", "--yes"])
    assert repaired.value.code == 0
    assert [run("replay", difference["fingerprint"]) for difference in found] == [0] * len(found)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "--user", "alice", "--all"],
        ["run", "--user", "alice", "--sample", "3"],
        ["run", "--all", "--sample", "0"],
        ["report", "--hours", "0"],
        ["report", "--hours", "nan"],
        ["report", "--hours", "1e9"],
        ["feedback", "--limit", "0"],
        ["times", "--hours", "721"],
        ["replay"],
        ["ignore", "f", "--owner=o", "--reason=r"],
        ["ignore", "f", "--owner=o", "--reason=r", "--until=tomorrow"],
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(arguments: list[str]) -> None:
    assert run(*arguments) == 2


@pytest.mark.usefixtures("user")
def test_of_many_users_a_sample_is_enough(capsys: pytest.CaptureFixture[str], container: Container) -> None:
    container.imports.bulk_create(f"bob-{uuid4().hex}", FILE)
    some, everything = (document(capsys, 0, "run", "--all", *sample) for sample in (["--sample", "1"], []))
    assert 2 * some["equal"] == everything["equal"]
    assert document(capsys, 0, "report")["outcomes"]["energy_table"]["equal"] == 3 * 3


@pytest.mark.usefixtures("user")
def test_while_only_the_old_side_is_written_the_way_out_is_said(
    capsys: pytest.CaptureFixture[str], migrated: Database[Any]
) -> None:
    migrated["control"].replace_one({"_id": SYNC_MODE}, sync_document(SyncMode.OLD_ONLY, 0), upsert=True)
    assert run("run", "--all") == 1
    assert "first: mode set dual_write" in capsys.readouterr().err


def test_only_asking_takes_the_key_for_pseudonyms(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STACK_NAME")
    assert run("run", "--all") == 1
    assert "PSEUDONYM_KEY" in capsys.readouterr().err
    assert run("report") == 1
    assert "nothing was compared" in capsys.readouterr().out


def test_a_database_that_is_away_is_a_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1/?replicaSet=rs0&serverSelectionTimeoutMS=100")
    assert run("report") == 1
    assert "did not answer" in capsys.readouterr().err


YEAR_OF_GAS = {"type": "gas", "year": 2023, "consistent": False}


def complain(
    ports: Ports, user: str, component: Component = Component.MONTHLY_CHARTS, parameters: Any = YEAR_OF_GAS
) -> str:
    """Say that something looks wrong; returns the pseudonym."""
    pseudonym = Pseudonyms(Identity.of(Layout.of("sample")).pseudonym_key.encode()).of("user", user)
    seen = Feedback(component, parameters, Backend.NEW, Reason.PERCENTAGE_IN, {GAS: 3}, "b" * 32)
    ports.feedback.add(user, seen, pseudonym, now())
    return pseudonym


def test_a_report_lists_what_people_say_looks_wrong_and_what_came_of_it(
    capsys: pytest.CaptureFixture[str], ports: Ports, damaged: str
) -> None:
    pseudonym = complain(ports, damaged)
    complain(ports, "alice-2", Component.CSV_IMPORT, None)
    assert document(capsys, 1, "report")["feedback"]["counts"]["monthly_charts"]["open"] == 1
    assert document(capsys, 1, "run", "--user", damaged)["different"] == 2
    report = document(capsys, 1, "report")
    [difference] = report["differences"]
    assert (difference["answers"], difference["users"]) == (2, 1)
    counts = {component: {*states.items()} for component, states in report["feedback"]["counts"].items()}
    assert ("different", 1) in counts["monthly_charts"]
    assert ("not_compared", 1) in counts["csv_import"]
    imported, chart = report["feedback"]["latest"]
    assert (imported["state"], imported["asked"]) == ("not_compared", None)
    assert {
        "component": "monthly_charts",
        "user": pseudonym,
        "backend": "new",
        "reason": "percentage_in",
        "meters": [{"type": "gas", "sourceVersion": 3}],
        "asked": YEAR_OF_GAS,
        "state": "different",
        "attempts": 1,
        "fingerprints": [difference["fingerprint"]],
        "traceId": "b" * 32,
    }.items() <= chart.items()
    assert chart["comparedAt"] >= chart["at"]
    assert document(capsys, 0, "feedback")["latest"] == [imported, chart]
    assert document(capsys, 0, "feedback", "--limit", "1")["latest"] == [imported]


def test_people_read_of_feedback_when_on_what_by_whom_and_which_command_shows_more(
    capsys: pytest.CaptureFixture[str], ports: Ports, damaged: str
) -> None:
    pseudonym = complain(ports, damaged)
    page = {"limit": 50, "after": [1, "a" * 24]}
    complain(ports, damaged, Component.ENERGY_TABLE, page)
    found = fingerprint(capsys)
    run("report")
    said = capsys.readouterr().out
    assert re.search(rf"monthly_charts  user {pseudonym[:20]}  new \(percentage_in\), gas 3: different {found}\n", said)
    assert "python -m infra compare feedback" in said
    assert run("feedback") == 0
    listed = capsys.readouterr().out
    assert "asked: type gas, year 2023, consistent False" in listed
    assert f"python -m infra compare replay {found}" in listed
    assert "asked: limit 50\n" in listed
    assert f"python -m infra trace {'b' * 32}\n" in listed
    assert all(secret not in said + listed for secret in (damaged, "a" * 24))


def test_where_nobody_says_anything_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("feedback", "--hours", "5") == 0
    assert capsys.readouterr().out == "nobody said in the last 5 hours that something looks wrong\n"


def measure(ports: Ports, backend: Backend, *times: float, errors: int = 0) -> None:
    """What pages have measured of the dashboard, and what the server needed."""
    dashboard = Component.DASHBOARD
    found = [PageMeasurement(dashboard, backend, MeasurementKind.FETCH, elapsed) for elapsed in times]
    failed = [PageMeasurement(dashboard, backend, MeasurementKind.ERROR, 0)] * errors
    ports.measurements.insert([*found, *failed], "somebody", now())
    decision = Decision(backend, Reason.PERCENTAGE_IN)
    ports.usage.insert(BackendUsage(dashboard, "alice", decision, times[0] / 2, success=True), "somebody", now())
    assert wait_until(lambda: bool(ports.measurements.served(dashboard, backend, 0, 1).measured), 10)


def test_times_of_pages_are_shown_old_beside_new(capsys: pytest.CaptureFixture[str], ports: Ports) -> None:
    measure(ports, Backend.OLD, 100, 200, 1_900, errors=1)
    measure(ports, Backend.NEW, 20, 30)
    wanted = {"p50": 200, "p95": 1_900, "count": 3, "cut": False}

    def seen() -> dict[str, Any]:
        found: dict[str, Any] = document(capsys, 0, "times")["dashboard"]
        return found

    assert wait_until(lambda: seen()["old"]["fetch"] == wanted and seen()["new"]["fetch"]["count"] == 2, 10)
    assert seen()["old"] == {
        "fetch": wanted,
        "render": {"p50": None, "p95": None, "count": 0, "cut": False},
        "interaction": {"p50": None, "p95": None, "count": 0, "cut": False},
        "server": {"p50": 50, "p95": 50, "count": 1, "cut": False},
        "errors": {"count": 1, "cut": False, "rate": 0.25},
    }
    assert seen()["new"]["errors"] == {"count": 0, "cut": False, "rate": 0}
    assert run("times") == 0
    rows = [re.split(r"\s*[│|]\s*", line)[1:-1] for line in capsys.readouterr().out.splitlines() if "dashboard" in line]
    assert rows == [
        ["dashboard", "fetch", "200.0", "1,900.0", "3", "20.0", "30.0", "2"],
        ["dashboard", "server", "50.0", "50.0", "1", "10.0", "10.0", "1"],
        ["dashboard", "errors", "25.00%", "", "1", "0.00%", "", "0"],
    ]


def test_of_very_many_times_the_latest_count_and_that_is_said(
    capsys: pytest.CaptureFixture[str], ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_times, "LATEST", 2)
    measure(ports, Backend.NEW, 20, 30, 40)
    assert wait_until(lambda: document(capsys, 0, "times")["dashboard"]["new"]["fetch"]["cut"], 10)
    assert run("times") == 0
    said = capsys.readouterr().out
    assert "2+" in said
    assert "there are earlier ones" in said


def test_where_no_page_has_measured_anything_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("times") == 1
    assert "no page has measured anything in the last 24 hours" in capsys.readouterr().out
