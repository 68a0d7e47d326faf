"""What the operators' commands print, word for word: people read it in a hurry, and runbooks quote it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table
from rich.text import Text

from chalicelib.dead_letters.letter import DeadLetter
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.lagging import FailingMeter, LaggingMeter
from chalicelib.domain.meters.walks import Finding, Verification
from chalicelib.domain.readings import EnergyType
from chalicelib.services.refresh.sweeper import SweepReport
from infra.operations import (
    printing,
    rebuild,
    walking,
)
from infra.operations.dead_letters import commands as dlq
from infra.operations.migrate import commands as migrations_line
from infra.operations.migrate import printing as output
from infra.operations.printing import console
from infra.operations.walking import Findings, all_findings
from migrations.runner import Planned, Status
from migrations.scripts import Step

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
POWER, GAS = EnergyType.POWER, EnergyType.GAS
LOST = Finding("alice", POWER, "energies", "id-1", "is missing", "missing")
OTHER = Finding("bob", GAS, "meters", "bob|gas", "has a wrong version", "version")
SEEN = Verification(SyncMode.DUAL_WRITE).plus(Verification(SyncMode.DUAL_WRITE, 7, 2, 2, (LOST, OTHER)))


def test_findings_are_lines_then_how_many_there_are_of_each_kind(printed: Callable[[], list[str]]) -> None:
    printing.print_comparison(SEEN, limit=1)
    assert printed() == [
        "energies id-1 (user alice, power): is missing",
        "... and 1 more; all of them: --json",
        "collection type kind documents",
        "energies power missing 1",
        "meters gas version 1",
        "7 meters, 2 differences; display not compared, because it lags: 2",
    ]


def test_what_no_terminal_can_show_is_written_out() -> None:
    assert printing.printable("用户 a\ud800b") == "用户 a\\ud800b"


def test_an_id_that_spells_an_emoji_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Identity providers put colons into ids: who copies one from a terminal must get the same person."""
    table = Table("user")
    table.add_row("google:key:1:id:2")
    console.print(table)
    console.print("[bold]google:key:1:id:2[/]")
    console.print("google:key:1:id:2", markup=False)
    assert capsys.readouterr().out.count("google:key:1:id:2") == 3


def test_numbers_of_documents_end_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    [first, second] = SEEN.kinds
    printing.print_findings(replace(SEEN, kinds=((first[0], 1_200), (second[0], 7))), 0)
    rows = [line.split("│")[4] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert rows == ["     1,200 ", "         7 "]


def test_a_comparison_for_programs() -> None:
    document = json.loads(json.dumps(printing.verification_document(replace(SEEN, up_to=1_700_000_000_000))))
    assert printing.verification_document(SEEN)["upTo"] is None
    assert document == {
        "mode": "dual_write",
        "upTo": "2023-11-14T22:13:20Z",
        "meters": 7,
        "lagging": 2,
        "differences": 2,
        "resumed": None,
        "unreadable": {"count": 0, "documents": []},
        "findings": [FOUND_LOST, FOUND_OTHER],
        "kinds": [
            {"collection": "energies", "type": "power", "kind": "missing", "count": 1},
            {"collection": "meters", "type": "gas", "kind": "version", "count": 1},
        ],
    }


FOUND_LOST = {
    "user_id": "alice",
    "type": "power",
    "collection": "energies",
    "document": "id-1",
    "problem": "is missing",
    "kind": "missing",
}
FOUND_OTHER = {
    "user_id": "bob",
    "type": "gas",
    "collection": "meters",
    "document": "bob|gas",
    "problem": "has a wrong version",
    "kind": "version",
}


@pytest.mark.parametrize("in_memory", [1_000_000, 20])
@pytest.mark.parametrize("found", [(), (LOST,), (LOST, OTHER)])
def test_all_findings_are_the_end_of_one_line_of_json(
    found: tuple[Finding, ...], in_memory: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "IN_MEMORY", in_memory)

    def told(findings: Findings) -> Any:
        for finding in found:
            findings.add([finding])
        findings.print_with({"meters": 7, "findings": ["not all"]})
        printed = capsys.readouterr().out
        assert (printed.count("\n"), printed.count('"findings"')) == (1, 1)
        return json.loads(printed)

    with all_findings() as findings:
        assert told(findings) == {"meters": 7, "findings": [FOUND_LOST, FOUND_OTHER][: len(found)]}


FAILING = FailingMeter(LaggingMeter("alice|power", 3, "ValueError"), AT, AT + 60_000)


@pytest.mark.parametrize(
    ("report", "count", "failing", "lines"),
    [
        (None, 0, [], ["0 meters cannot be refreshed"]),
        (
            SweepReport("resting"),
            0,
            [],
            [
                "the mode is old_only: nothing is shown from display documents, and nothing was refreshed",
                "0 meters cannot be refreshed",
            ],
        ),
        (
            SweepReport("swept", 5, 60.0, refreshed=4, failed=1),
            1,
            [FAILING],
            [
                "meter attempts error lags since next attempt",
                "alice|power 3 ValueError 2023-11-14T22:13:20Z 2023-11-14T22:14:20Z",
                "5 meters lagged, 4 refreshed, 0 brought up to this calculation version, 1 failed",
                "1 meter cannot be refreshed; the log says where they fail",
            ],
        ),
    ],
)
def test_a_sweep_says_what_lagged_and_what_cannot_be_refreshed(
    printed: Callable[[], list[str]],
    report: SweepReport | None,
    count: int,
    failing: list[FailingMeter],
    lines: list[str],
) -> None:
    rebuild._print_sweep(report, count, failing)
    assert printed() == lines


def test_no_id_of_a_meter_that_fails_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    console.print(rebuild._failing([replace(FAILING, meter=LaggingMeter("q" * 300, 3, "ValueError"))]))
    assert capsys.readouterr().out.count("q") == 300


def test_a_sweep_for_programs() -> None:
    report = SweepReport("swept", 5, 60.0, refreshed=4, failed=1)
    assert rebuild._sweep_document(report, 1, [FAILING]) == {
        "swept": report.as_document(),
        "failing": 1,
        "meters": [FAILING.as_document()],
    }
    assert rebuild._sweep_document(None, 0, []) == {"swept": None, "failing": 0, "meters": []}


def letter(body: object) -> DeadLetter:
    return DeadLetter("id-1", AT, json.dumps(body), "receipt")


def test_dead_letters_are_a_table_of_what_failed_and_why(printed: Callable[[], list[str]]) -> None:
    context = {"functionArn": "arn:aws:lambda:us-east-1:0:function:handler", "condition": "RetriesExhausted"}
    failed = {"errorType": "ValueError", "errorMessage": "no [number]\nand more"}
    whole = {"requestContext": context, "requestPayload": {"detail-type": "Created"}, "responsePayload": failed}
    console.print(dlq._table([letter(whole), letter(whole | {"requestPayload": 1, "responsePayload": 2}), letter(3)]))
    lines = printed()
    assert sum(line[0] == "├" for line in lines) == 2, "a line between letters"
    assert [line for line in lines if line[0] not in "├"] == [
        "id what, since error",
        "id-1 Created ValueError: no [number]",
        "2023-11-14T22:13:20Z",
        "id-1 handler RetriesExhausted",
        "2023-11-14T22:13:20Z",
        "id-1 - not a record of Lambda's",
        "2023-11-14T22:13:20Z",
    ]
    assert dlq._document(letter(whole)) == {
        "id": "id-1",
        "since": "2023-11-14T22:13:20Z",
        "function": "handler",
        "eventType": "Created",
        "condition": "RetriesExhausted",
        "error": "ValueError: no [number]\nand more",
        "traceId": "",
        "event": {"detail-type": "Created"},
    }


def test_no_error_of_a_dead_letter_and_no_name_of_an_event_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    failed = {"errorType": "y" * 300, "errorMessage": ""}
    context = {"functionArn": "arn:aws:lambda:us-east-1:0:function:handler", "condition": "RetriesExhausted"}
    body = {"requestContext": context, "requestPayload": {"detail-type": "z" * 300}, "responsePayload": failed}
    name = "0f8fad5b-d9cb-469f-a165-70867728950e"
    console.print(dlq._table([replace(letter(body), id=name)]))
    printed = capsys.readouterr().out
    assert (printed.count("y"), printed.count("z"), name in printed) == (300, 300, True)


def test_what_was_sent_again_is_counted_and_what_was_refused_is_named(
    printed: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    dlq._print_redriven(["id-1"], {"id-2": "no such function [here]"}, as_json=False)
    assert printed() == ["1 redriven, 1 refused", "id-2: no such function [here]"]
    dlq._print_redriven(["id-1"], {"id-2": "no such function"}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"redriven": ["id-1"], "refused": {"id-2": "no such function"}}


def test_a_plan_of_migrations_tells_each_step_and_what_waits(printed: Callable[[], list[str]]) -> None:
    planned = [
        Planned("001_one", [Step("copy readings", 1_200), Step("make indexes", 3)], None),
        Planned("002_two", [], "the mode is old_only"),
        Planned("003_three", [], None),
    ]
    migrations_line._show_plan(planned, as_json=False)
    assert printed() == [
        "script would documents",
        "001_one copy readings 1,200",
        "make indexes 3",
        "002_two wait: the mode is old_only",
        "003_three nothing 0",
        "Nothing was changed; --execute does it.",
    ]
    migrations_line._show_plan([], as_json=False)
    assert printed() == ["nothing to do"]
    assert migrations_line._touched(planned[:1] + planned[2:]) == (
        "001_one (copy readings: 1,200; make indexes: 3), 003_three (nothing)"
    )


def test_the_state_of_a_migration_has_its_colour() -> None:
    rows = [Status(f"00{number}", state, "") for number, state in enumerate(("applied", "pending", "edited"))]
    cells = [cell for cell in output.status_table(rows).columns[1].cells if isinstance(cell, Text)]
    assert [str(cell.style) for cell in cells] == ["green", "yellow", "red"]


def test_what_a_script_says_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    output.ConsoleRun().say("[red]kept[/]: 3 documents")
    assert capsys.readouterr().err == "[red]kept[/]: 3 documents\n"


def test_the_state_of_migrations_is_a_table(printed: Callable[[], list[str]]) -> None:
    console.print(
        output.status_table([Status("001_one", "applied", "by olga"), Status("002_two", "failed", "no [/index]")])
    )
    assert printed() == ["script state", "001_one applied by olga", "002_two failed no [/index]"]


@pytest.mark.parametrize(
    ("names", "waiting", "lines", "document"),
    [
        (["001 [x]", "002"], None, ["up: 001 [x]", "up: 002"], {"scripts": ["001 [x]", "002"], "waiting": None}),
        ([], "no [mode]", ["nothing to do", "waits: no [mode]"], {"scripts": [], "waiting": "no [mode]"}),
    ],
)
def test_what_migrations_have_done_is_told_line_by_line_or_as_a_document(
    printed: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
    names: list[str],
    waiting: str | None,
    lines: list[str],
    document: dict[str, Any],
) -> None:
    migrations_line._show_done("up", names, False, waiting)
    assert printed() == lines
    migrations_line._show_done("up", names, True, waiting)
    assert json.loads(capsys.readouterr().out) == {"executed": True, "command": "up", **document}


def test_a_new_migration_is_told_by_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a [folder]"
    folder.mkdir()
    for form, path in (([], "001_add_a_place.py"), (["--json"], "002_add_another.py")):
        title = path.removesuffix(".py")[4:].replace("_", " ")
        migrations_line.cli(["create", title, "--folder", str(folder), *form], standalone_mode=False)
        said = capsys.readouterr().out
        assert (json.loads(said)["created"] if form else said.strip()) == str(folder / path)
        assert (folder / path).exists()
