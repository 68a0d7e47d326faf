"""The log of an invocation, line by line."""

from infra.local.localstack_plugin.process_lambda.functions.answers import Answer, exited
from infra.local.localstack_plugin.process_lambda.functions.record import Record


def test_a_warm_invocation_has_start_its_own_lines_end_and_report() -> None:
    record = Record("id-1", "$LATEST", 128)
    record.started()
    record.ended("one\ntwo", Answer(b"{}"), 12.345, 40)
    assert record.text().splitlines() == [
        "START RequestId: id-1 Version: $LATEST",
        "one",
        "two",
        "END RequestId: id-1",
        "REPORT RequestId: id-1\tDuration: 12.35 ms\tBilled Duration: 13 ms"
        "\tMemory Size: 128 MB\tMax Memory Used: 40 MB",
    ]


def test_a_cold_one_tells_the_initialisation_and_bills_it() -> None:
    record = Record("id-1", "$LATEST", 128)
    record.initialised("module loaded\n", "python:3.11", 100.0)
    record.started()
    record.ended("", Answer(b"{}"), 0.5, 40)
    lines = record.text().splitlines()
    assert lines[:2] == ["INIT_START Runtime Version: python:3.11", "module loaded"]
    assert "Billed Duration: 101 ms" in lines[-1]
    assert lines[-1].endswith("Init Duration: 100.00 ms")


def test_a_failure_is_told_before_the_end_and_in_the_report() -> None:
    record = Record("id-1", "$LATEST", 128)
    record.started()
    record.ended("half a li", exited("id-1", 3), 1.0, 40)
    lines = record.text().splitlines()
    assert lines[1:4] == [
        "half a li",
        "RequestId: id-1 Error: Runtime exited with error: exit status 3",
        "Runtime.ExitError",
    ]
    assert lines[-1].endswith("Status: error\tError Type: Runtime.ExitError")
