"""The flags' commands: input is checked before anything is reached, and contradictions are refused."""

import pytest

from infra import __main__ as command_line

BECAUSE = ("--reason", "a test")
TABLE = "energy_table"


@pytest.fixture(autouse=True)
def _nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "http://127.0.0.1:1" if name == "AWS_ENDPOINT_URL" else "us-east-1")
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("set", TABLE, "--on", "--off", *BECAUSE), 2, "--on and --off"),
        (("set", TABLE, "--off", "--on", *BECAUSE), 2, "--on and --off"),
        (("set", TABLE, "--exact", *BECAUSE), 2, "--percent"),
        (("set", TABLE, "--retire", "--percent", "10", *BECAUSE), 1, "nothing else about it is changed"),
        (("set", TABLE, "--retire", "--on", *BECAUSE), 1, "nothing else about it is changed"),
        (("set", TABLE, "--test-user", "a", "--no-test-user", "a", *BECAUSE), 1, "added and removed at once"),
        (("set", TABLE, "--block", "b", "--unblock", "b", *BECAUSE), 1, "added and removed at once"),
        (("set", "energy_tabel", "--on", *BECAUSE), 1, "there is no flag 'energy_tabel'"),
        (("set", TABLE, "--percent", "101", *BECAUSE), 1, "'101' is not a number from 0 to 100"),
        (("set", TABLE, "--on", "--reason", " "), 2, "say why"),
        (("rollback", TABLE, "--to", "ten", *BECAUSE), 1, "'ten' is not a number"),
        (("rollback", "global", *BECAUSE), 1, "not a component"),
        (("kill", "--reason", ""), 2, "say why"),
        (("restore", "--reason", ""), 2, "say why"),
        (("plan", TABLE, "--to", "ten"), 1, "'ten' is not a number"),
        (("explain", "alice", "nothing"), 1, "there is no flag 'nothing'"),
        (("history", "nothing"), 1, "there is no flag 'nothing'"),
    ],
)
def test_input_is_checked_before_anything_is_reached_or_said_to_be_deploying(
    arguments: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["flags", *arguments, "--stage", "nowhere"])
    printed = capsys.readouterr()
    assert (exited.value.code, printed.out) == (code, "")
    assert said in printed.err
    assert "deploying" not in printed.err
