"""``python -m tests.mutants`` makes changes that can be run, the same ones for the same seed."""

from pathlib import Path

import pytest
from coverage import CoverageData

from tests.guards.guard import ROOT
from tests.mutants.__main__ import PACKAGES, enough, sample_of
from tests.mutants.changes import changes, changes_of
from tests.mutants.record import Record, kept_record, record_of
from tests.mutants.without_effect import WITHOUT_EFFECT

CODE = b'''"""What this is."""
LIMIT = 30
def shown(items: "list[int]", most: int = 1) -> "str":
    """Words."""
    logger().info("nothing", extra={"said": 1})
    if items and len(items) <= most:
        raise ValueError("too few items")
    return database.find("a", limit=LIMIT, projection={"b": 1}, help="words")
'''
MADE = {
    "30 -> 31",
    "30 -> 300",
    "1 -> 2",
    "items and len(items) <= most -> (items or len(items) <= most)",
    "len(items) <= most -> (len(items) < most)",
    "raise ValueError('too few items') -> pass",
    "return database.find('a', limit=LIMIT, projection={'b': 1}, help='words') -> return None",
    "database.find('a', limit=LIMIT, projection={'b': 1}, help='words') -> "
    "(database.find('a', projection={'b': 1}, help='words'))",
    "database.find('a', limit=LIMIT, projection={'b': 1}, help='words') -> "
    "(database.find('a', limit=LIMIT, help='words'))",
    "'a' -> 'Xa'",
    "'b' -> 'Xb'",
}


def test_each_part_of_code_is_changed_and_words_types_and_log_lines_are_not() -> None:
    assert {f"{change.before} -> {change.after}" for change in changes_of("x.py", CODE)} == MADE


@pytest.mark.long
@pytest.mark.parametrize("package", PACKAGES)
def test_a_changed_file_is_still_a_program_and_differs_in_one_place(package: str) -> None:
    [*picked] = sample_of((package,), 60, 3)[package]
    assert len(picked) == min(60, len(set(picked)))
    for change in picked:
        code = (ROOT / change.file).read_bytes()
        changed = change.applied(code)
        compile(changed, change.file, "exec")
        assert changed.startswith(code[: change.start])
        assert changed.endswith(code[change.end :])
        assert changed != code


def test_a_seed_picks_the_same_changes_and_another_one_others() -> None:
    first, again, other = (sample_of(("events", "api"), 40, seed) for seed in (1, 1, 2))
    assert first == again != other
    events, api = (len(found) for found in first.values())
    assert events == 10, "a small package has half of an equal share"
    assert 30 < api < 40


def test_the_quickest_test_of_a_line_is_asked_first() -> None:
    record = Record({"x.py": {"2": [], "6": ["slow", "quick"], "8": ["slow"]}}, {"slow": 9.0, "quick": 1.0})
    at_import, in_use = (next(each for each in changes_of("x.py", CODE) if each.line == line) for line in (3, 6))
    assert record.tests_of(in_use) == ["quick", "slow"]
    assert record.tests_of(at_import) == ["quick", "slow"], "a line that runs at import has those of its module"


def test_a_constant_has_the_tests_of_files_that_name_it_too() -> None:
    here = "tests/unit/test_mutants.py::test_a_constant"
    record = Record({"x.py": {"8": ["slow"]}}, {here: 1.0})
    constant = next(each for each in changes_of("x.py", CODE) if each.text.startswith("LIMIT"))
    assert set(record.tests_of(constant)) == {"slow", here}


def test_a_line_that_runs_at_import_has_the_tests_that_import_its_module() -> None:
    here, other = (f"tests/unit/{name}.py::test_it" for name in ("test_mutants", "test_guards"))
    record = Record({"tests/mutants/record.py": {"8": ["slow"]}}, {here: 1.0, other: 1.0})
    change = changes_of("x.py", CODE)[0]._replace(file="tests/mutants/record.py", text="30")
    assert set(record.tests_of(change)) == {"slow", here}


def test_a_line_that_runs_at_import_has_not_only_the_test_that_imported_it_first() -> None:
    file, text = "tests/mutants/record.py", (ROOT / "tests/mutants/record.py").read_text().splitlines()
    at_import, in_function = (
        next(number for number, line in enumerate(text, 1) if line.startswith(begin))
        for begin in ("FROM_OUTSIDE = {", "    found = json.loads")
    )
    record = Record({file: {str(at_import): ["first"], str(in_function): ["in use"]}}, {})
    change = changes_of("x.py", CODE)[0]._replace(file=file, text="")
    assert set(record.tests_of(change._replace(line=at_import))) == {"first", "in use"}
    assert record.tests_of(change._replace(line=in_function)) == ["in use"]


def test_a_module_that_only_runs_at_import_has_the_tests_of_its_folder() -> None:
    record = Record({"a/x.py": {"2": []}, "a/y.py": {"6": ["of a"]}, "b/z.py": {"8": ["of b"]}}, {})
    assert record.tests_of(changes_of("a/x.py", CODE)[0]) == ["of a"]


def test_a_package_has_the_tests_that_look_at_it_from_outside_too() -> None:
    outside, other = "tests/unit/infra/test_options.py::test_it", "tests/unit/infra/local/test_logs.py::test_it"
    change = changes_of("infra/operations/x.py", CODE)[-1]
    record = Record({"infra/operations/x.py": {str(change.line): ["quick"]}}, {outside: 2.0, "quick": 1.0, other: 1.0})
    assert record.tests_of(change) == ["quick", outside]


def test_few_tests_are_asked_before_the_many_and_none_that_is_red_anyway() -> None:
    record = Record({"x.py": {"6": ["a", "b", "c", "red"]}}, {"a": 3.0, "b": 2.0, "c": 1.0, "red": 0.0}, ("red",))
    change = next(each for each in changes_of("x.py", CODE) if each.line == 6)
    assert record.batches(change, 2) == [["c", "b"], ["a"]]
    assert record.batches(change, 3) == [["c", "b", "a"]]


def test_a_record_says_which_test_runs_which_line_how_long_and_which_were_red(tmp_path: Path) -> None:
    data = CoverageData(str(tmp_path / ".coverage"))
    for context in ("", "tests/test_x.py::test_a[1]|run", "tests/test_x.py::test_b|setup"):
        data.set_context(context)
        data.add_lines({str(tmp_path / "chalicelib/x.py"): [4] if context else [1, 4]})
    data.write()
    (tmp_path / "report.xml").write_text("""<testsuite>
        <testcase classname="tests.test_x" name="test_a[1]" time="1.5"/>
        <testcase classname="tests.test_x" name="test_a[2]" time="0.5"/>
        <testcase classname="tests.test_x" name="test_b" time="1.0"><failure/></testcase>
        <testcase classname="tests.test_x.TestAll" name="runTest" time="3.0"/>
    </testsuite>""")
    record = record_of(tmp_path, tmp_path / "report.xml")
    both = ["tests/test_x.py::test_a", "tests/test_x.py::test_b"]
    assert record.lines == {"chalicelib/x.py": {"1": [], "4": both}}
    assert record.seconds == {both[0]: 2.0, both[1]: 1.0, "tests/test_x.py::TestAll::runTest": 3.0}
    assert record.red == (both[1],)


def test_a_record_is_kept_until_a_module_changes(tmp_path: Path) -> None:
    record = Record({"x.py": {"6": ["a"]}}, {"a": 3.0}, ("red",))
    assert (
        record.kept(tmp_path / "mutants" / "tests.json") == record == kept_record(tmp_path / "mutants" / "tests.json")
    )
    assert kept_record(tmp_path / "none.json") is None


def test_a_package_needs_nineteen_of_twenty_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    changes_of = sample_of(("services",), 60, 1)["services"]
    found = [change for change in changes_of if change[:4] not in WITHOUT_EFFECT][:40]
    assert enough("services", found, found[:2])
    assert not enough("services", found, found[:3])
    assert "38 of   40 noticed:  95.0%; 0 without effect" in capsys.readouterr().out


def test_what_is_named_as_without_effect_can_still_be_made_and_has_a_reason() -> None:
    possible = {change[:4] for file in {name[0] for name in WITHOUT_EFFECT} for change in changes(ROOT / file)}
    assert set(WITHOUT_EFFECT) <= possible
    assert all(reason.strip() for reason in WITHOUT_EFFECT.values())
