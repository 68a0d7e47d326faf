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

from chalicelib.bootstrap.container import Container
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.database import Collections
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra import __main__ as command_line
from infra.local import layout
from infra.local.identity import Identity
from infra.local.layout import Layout
from tests.integration.comparison.command.running import FILE, GAS, POWER, document, fingerprint, run

SECRETS = ("4711", "4815", "4712", "alice")
RUNBOOK = Path(__file__).parents[4] / "infra" / "README.md"
TODAY = datetime.now(UTC).date()


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
    # Not within a pseudonym: among its many hexadecimal digits there is 4711 now and then.
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
