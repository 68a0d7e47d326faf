"""The command line that scripts rely on: names, required options, what is accepted, and when a target is printed.

Nothing runs here: the database and the deployment of these commands are not there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click
import pytest

from infra import __main__ as command_line
from infra.deployment.application import Target as Aws
from infra.errors import OperatorError
from infra.local import layout
from infra.local.layout import Layout
from infra.operations.migrate import commands as migrations_line
from infra.targets.target import Target
from migrations.scripts import FOLDER

# ``?`` takes no value, ``!`` must be given, ``*`` may be given again, ``$`` a variable that gives it, ``=`` what counts
# without it, and the numbers that are taken.
COMMANDS = """
alarms --all?
backup FILE!
compare feedback --hours=168(1..4320) --limit=50(1..500)
compare ignore FINGERPRINT! --owner! --reason! --until!
compare replay FINGERPRINT! --limit=20(1..10000)
compare report --hours=24(1..2160)
compare run --user --all? --sample(1..)
compare times --hours=24(1..720)
deploy --stage!$STAGE --bucket!$ARTIFACTS_BUCKET --region$AWS_REGION --issuer!$AUTH_ISSUER \
--audience$AUTH_AUDIENCE=energy-monitor --origins$AUTH_ORIGINS= --jwks-url!$AUTH_JWKS_URL --secret-id!$SECRET_ID \
--secret-digest$SECRET_DIGEST= --alarm-email$ALARM_EMAIL= --database$MONGODB_DATABASE=energy_monitor \
--parameter*$PARAMETERS
dlq discard ID --all? --reason! --yes? --queue-url
dlq ls --queue-url
dlq redrive ID --all? --reason --queue-url
dlq show ID! --queue-url
down --all? --yes?
drill history --flips=200(1..) --people=20(1..100) --operations(0..) --seconds(1..) --in-process? --seed(0..) --record
drill last
drill rollback --component=energy_forms --writes=500(20..) --moves=3(1..20)
fan-out give-up WALK!
fan-out pause WALK
fan-out resume WALK
fan-out status WALK
flags explain USER! COMPONENT! --at
flags history FLAG --limit=20(1..500)
flags kill --reason!
flags list
flags plan COMPONENT! --from --to! --exact?
flags restore --reason!
flags rollback COMPONENT! --to --reason!
flags set FLAG! --percent --on? --off? --exact? --test-user* --no-test-user* --block* --unblock* \
--retire? --hurry? --if-version --reason!
flags stale --days=14(0..3650)
gate show dashboard|energy_table|timeline_slider|monthly_charts|csv_import|energy_forms --all?
gate simulate --runs=2000(2000..) --seed=17
migrations create TITLE!
migrations down --execute? --retry? --lock-seconds=30.0(1..86400) --steps=1(1..) --to --yes?
migrations resolve --lock-seconds=30.0(1..86400) SCRIPT! --as!
migrations status
migrations up --execute? --retry? --lock-seconds=30.0(1..86400) --to --fan-out(2..1000)
migrations verify-roundtrip
mode recover MODE --reason!
mode set MODE! --reason! --wait? --fan-out(2..1000)
mode show
rebuild --check? --user --restart? --fan-out(2..1000)
rehearsal --without --markdown?
repair --apply? --from --allow-deletes(0..) --reason= --user --yes? --limit=20(0..)
repair runs
repair undo RUN! --limit=20(0..)
replay --user --since --all? --whole?
restore FILE! --rebuild/--no-rebuild?=True
retire announce --sunset! --deprecated --rehearsal? --reason! --yes?
retire apply --days=14(0..400) --quiet-days=35(0..400) --force? --fan-out(2..1000) --reason!
retire brownout add --from! --for! --reason!
retire brownout list
retire brownout remove TIME! --reason!
retire callers --days=35(1..400)
retire check --days=14(0..400) --quiet-days=35(0..400)
retire optout add CALLER! --until! --reason!
retire optout remove CALLER! --reason!
retire show
retire plan
retire rehearse --keep --quick?
rollout abort COMPONENT! --reason!
rollout approve COMPONENT! --percent --reason!
rollout pause COMPONENT! --reason!
rollout resume COMPONENT! --reason!
rollout start COMPONENT! --steps --approvals(0..1) --hours --zone=Europe/Berlin --weekdays? --exact/--by-hash? --reason!
rollout status COMPONENT
rollout step COMPONENT! --hurry? --reason!
running
simulate --weeks=8(1..52) --users=200(5..1000) --seed=1(0..) --seeds=1(1..1000) --processes=1(1..64) \
--faults=all --policy=guarded
status --hours=24(1..720) --component
sweep --list? --fan-out(2..1000)
sync --full? --fan-out(2..1000)
token --user! --role* --hours=12.0(0..8760.0)
trace ID! --hours=24(1..720)
up --port --localstack-port --appconfig-port --mongodb-port --issuer-port --demo/--no-demo?=True
verify --user --restart? --fan-out(2..1000) --last? --limit=20(0..)
"""
# What is neither any text nor a number: the words that are taken, a file, or what the help calls the value.
VALUES = """
backup file Path no folder
deploy --parameter NAME=VALUE
dlq discard letter_id [ID]
dlq redrive letter_id [ID]
dlq show letter_id ID
drill history --record file w
drill rollback --component csv_import|energy_forms
fan-out give-up walk verify|rebuild_check|rebuild|sweep|sync
fan-out pause walk verify|rebuild_check|rebuild|sweep|sync
fan-out resume walk verify|rebuild_check|rebuild|sweep|sync
fan-out status walk verify|rebuild_check|rebuild|sweep|sync
flags explain --at TIME
gate show component dashboard|energy_table|timeline_slider|monthly_charts|csv_import|energy_forms
migrations resolve --as applied|pending
mode recover wanted old_only|dual_write|new_only
mode set wanted old_only|dual_write|new_only
rehearsal --without GUARD
repair --from old|new
replay --since INSTANT
restore file Path no folder that exists
retire announce --deprecated TIME
retire announce --sunset TIME
retire brownout add --from TIME
retire brownout remove start TIME
retire optout add --until TIME
retire rehearse --keep Path
simulate --policy guarded|plan-as-written
status --component dashboard|energy_table|timeline_slider|monthly_charts|csv_import|energy_forms
trace trace_id ID
"""
EVERYWHERE = {
    "--name=local",
    "--stage",
    "--region",
    "--uri$MONGODB_URI",
    "--database$MONGODB_DATABASE",
    "--json?",
    f"--folder={FOLDER}",
}
CHANGES = [
    ["mode", "set", "new_only", "--reason", "x"],
    ["mode", "recover", "--reason", "x"],
    ["sync"],
    ["compare", "run", "--all"],
    ["compare", "replay", "f"],
    ["compare", "ignore", "f", "--owner", "o", "--reason", "x", "--until", "2030-01-01"],
    ["restore", "file"],
    ["retire", "announce", "--sunset", "2100-01-01", "--reason", "x"],
    ["retire", "brownout", "add", "--from", "now", "--for", "1h", "--reason", "x"],
    ["retire", "brownout", "remove", "2100-01-01", "--reason", "x"],
    ["retire", "optout", "add", "0" * 32, "--until", "2100-01-01", "--reason", "x"],
    ["retire", "optout", "remove", "0" * 32, "--reason", "x"],
    ["retire", "apply", "--reason", "x"],
    ["rebuild"],
    ["sweep"],
    ["repair"],
    ["repair", "undo", "run"],
]
LOOKS = [
    ["mode", "show"],
    ["verify"],
    ["compare", "report"],
    ["compare", "feedback"],
    ["compare", "times"],
    ["backup", "file"],
    ["repair", "runs"],
    ["retire", "show"],
    ["retire", "brownout", "list"],
    ["retire", "callers"],
    ["retire", "check"],
]
CHANGES_DEPLOYED = [
    ["flags", "set", "dashboard", "--on", "--reason", "x"],
    ["flags", "rollback", "dashboard", "--reason", "x"],
    ["flags", "kill", "--reason", "x"],
    ["flags", "restore", "--reason", "x"],
    ["rollout", "start", "dashboard", "--reason", "x"],
    ["rollout", "pause", "dashboard", "--reason", "x"],
    ["rollout", "resume", "dashboard", "--reason", "x"],
    ["rollout", "step", "dashboard", "--reason", "x"],
    ["rollout", "abort", "dashboard", "--reason", "x"],
    ["rollout", "approve", "dashboard", "--reason", "x"],
    ["dlq", "redrive", "--all"],
    ["dlq", "discard", "--all", "--yes", "--reason", "x"],
    ["replay", "--all"],
]
LOOKS_AT_DEPLOYED = [
    ["flags", "list"],
    ["flags", "plan", "dashboard", "--to", "5"],
    ["flags", "explain", "alice", "dashboard"],
    ["flags", "history"],
    ["flags", "stale"],
    ["rollout", "status"],
    ["dlq", "ls"],
    ["dlq", "show", "letter"],
]


def every(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """All commands by their words; a group counts where it does something itself."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if found := command.get_command(context, name):
                yield from every(found, f"{path} {name}".strip())
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield path, command


def told(parameter: click.Parameter) -> str:
    """A parameter in the form of the table above."""
    option = isinstance(parameter, click.Option)
    name = "/".join((*parameter.opts, *parameter.secondary_opts)) if option else parameter.make_metavar(CONTEXT)
    default = parameter.to_info_dict()["default"] if option else None
    kind = parameter.type
    span = ""
    if isinstance(kind, click.IntRange | click.FloatRange):
        span = f"({kind.min}..{'' if kind.max is None else kind.max})"
    return "".join(
        (
            name.strip("[]"),
            "?" * getattr(parameter, "is_flag", False),
            "!" * parameter.required,
            "*" * getattr(parameter, "multiple", False),
            f"${parameter.envvar}" if getattr(parameter, "show_envvar", False) else "",
            f"={default}" if default not in (None, False) and not getattr(parameter, "multiple", False) else "",
            span,
        )
    )


def taken(parameter: click.Parameter) -> str:
    """What a parameter takes, in the form of the second table; empty for any text and for numbers."""
    match parameter.type:
        case click.Choice(choices=choices):
            return "|".join(choices)
        case click.Path() as path:
            folder, there = "" if path.dir_okay else " no folder", " that exists" if path.exists else ""
            return f"{getattr(path.type, '__name__', 'text')}{folder}{there}"
        case click.File(mode=mode):
            return f"file {mode}"
    return parameter.metavar or ""


CONTEXT = click.Context(command_line.main)
FOUND = dict([*every(command_line.main), *every(migrations_line.cli, "migrations")])


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    for name in ("STACK_NAME", "MONGODB_DATABASE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100")


def errors_of(command: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says that cannot reach its target."""
    with pytest.raises(SystemExit) as exited:
        command_line.run(command)
    assert exited.value.code == 1
    return capsys.readouterr().err


@pytest.mark.parametrize("line", COMMANDS.strip().splitlines(), ids=lambda line: line.partition(" -")[0])
def test_a_command_takes_what_scripts_give_it(line: str) -> None:
    name = max((name for name in FOUND if f"{line} ".startswith(f"{name} ")), key=len)
    mentioned = [told(parameter) for parameter in FOUND[name].params]
    assert " ".join([name, *(each for each in mentioned if each not in EVERYWHERE)]) == line


def test_a_value_is_one_of_those_that_scripts_give() -> None:
    found = {
        f"{name} {parameter.opts[-1]} {value}"
        for name, command in FOUND.items()
        for parameter in command.params
        if (value := taken(parameter)) and parameter.name != "folder"
    }
    assert found - set(VALUES.splitlines()) == set()


def test_no_number_of_seconds_or_hours_can_be_nan_or_infinite() -> None:
    fractions = (click.types.FloatParamType, click.FloatRange)
    types = {parameter.type for command in FOUND.values() for parameter in command.params}
    assert [kind for kind in types if isinstance(kind, fractions) and type(kind).__name__ != "Span"] == []


def test_no_command_is_missing_above() -> None:
    assert len(FOUND) == len(COMMANDS.strip().splitlines())


@pytest.mark.parametrize("name", FOUND)
def test_every_option_says_what_it_is_for_or_what_counts_without_it(name: str) -> None:
    for parameter in FOUND[name].params:
        if isinstance(parameter, click.Option):
            default = parameter.to_info_dict()["default"]
            chosen = isinstance(parameter.type, click.Choice)
            assert parameter.help or parameter.show_default or chosen, parameter.name
            assert parameter.show_default or default in (None, False, "", FOLDER) or parameter.multiple, parameter.name


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("command", [*CHANGES, *LOOKS], ids=" ".join)
def test_a_database_by_its_address_is_enough_and_told_before_it_is_changed(
    command: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    said = errors_of(command, capsys)
    assert "127.0.0.1:1" in said
    assert "never come up" not in said
    assert said.startswith("target: mongodb 127.0.0.1:1/") is (command in CHANGES)


@pytest.mark.parametrize("command", [*CHANGES_DEPLOYED, *LOOKS_AT_DEPLOYED], ids=" ".join)
def test_what_works_on_a_deployment_does_not_do_with_a_database_alone(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "The stack 'local' has never come up" in errors_of(command, capsys)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("command", [*CHANGES_DEPLOYED, *LOOKS_AT_DEPLOYED], ids=" ".join)
def test_a_deployment_is_told_before_it_is_changed(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> NoReturn:
        raise OperatorError("nothing is asked for here: a stack may be running at these ports")

    monkeypatch.setattr(Aws, "client", nothing)
    Layout.of("local").remember()
    said = errors_of(command, capsys)
    assert said.startswith("target: stack local, mongodb 127.0.0.1:1/") is (command in CHANGES_DEPLOYED)
    assert said.endswith("at these ports\n")


# What each command needs of its target: whether it may change it, and whether a database alone is enough.
OTHERS = {
    "alarms": (False, True),
    "drill last": (False, False),
    "fan-out give-up verify": (True, True),
    "fan-out pause": (True, True),
    "fan-out resume": (True, True),
    "fan-out status": (False, True),
    "gate show dashboard": (False, False),
    "migrations down": (True, False),
    "migrations resolve 001 --as applied": (True, False),
    "migrations status": (False, False),
    "migrations up": (True, False),
    "migrations verify-roundtrip": (True, False),
    "status": (False, False),
    f"trace {'1' * 32}": (False, False),
}


class Reached(BaseException):
    """A command has found its target, and would work on it now."""


def test_each_other_command_says_what_it_may_change_too(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Place:
        def announce(self) -> None:
            seen.append("told")

        def __getattr__(self, name: str) -> NoReturn:
            raise Reached

    def resolved(_said: object, *, deployed: bool) -> Place:
        seen.append("deployed" if deployed else "database")
        return Place()

    def needs(line: str) -> tuple[bool, bool]:
        seen.clear()
        words = line.split()
        group, *words = words if words[0] == "migrations" else ["", *words]
        with pytest.raises((Reached, SystemExit)):
            (migrations_line.cli if group else command_line.main)(words)
        return "told" in seen, "deployed" in seen

    monkeypatch.setattr(Target, "resolved", resolved)
    assert {line: needs(line) for line in OTHERS} == OTHERS
