"""The benches' report: each target has a figure and a reason, one that fails is named, nothing of before is lost."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.performance import report
from tests.performance.__main__ import main
from tests.performance.form import Figure, Target
from tests.performance.report import Row, Section
from tests.performance.running import ALL, bench, merged, run

TARGETS = {"quick / slow": Target(1.5, "what it does"), "rate": Target(100, "the machine", True)}


def made(*figures: Figure) -> Section:
    return report.section("Made up", figures, TARGETS, "2 cores, made up, load 0.0", 1.0)


@pytest.fixture
def section() -> Section:
    return made(
        Figure("quick / slow", 2.0, "x", "2 ms / 1 ms"), Figure("rate", 120.0, "/s"), Figure("beside", 3.0, "ms")
    )


@pytest.mark.parametrize("name", ALL)
def test_a_bench_says_of_each_target_what_limits_it(name: str) -> None:
    chosen = bench(name)
    assert chosen.TITLE
    assert all(target.limit and not target.limit.endswith(".") for target in chosen.TARGETS.values())


@pytest.mark.parametrize("name", ALL)
def test_the_report_that_is_kept_has_a_figure_for_each_target_of_each_bench_in_it(name: str) -> None:
    if section := report.kept().get(name):
        assert bench(name).TARGETS.keys() == {row.name for row in section.rows if row.bound is not None}


def test_the_report_that_is_kept_has_a_reason_for_each_target_that_is_not_met() -> None:
    kept = report.kept()
    assert kept
    assert [row.name for each in kept.values() for row in each.rows if row.met is False and not row.limit] == []


def test_the_readme_has_every_target_of_the_report() -> None:
    kept = report.kept()
    assert "\n".join(report.summary(kept)) in report.README.read_text()


def test_a_target_says_whether_it_is_met_and_only_then_not_why(section: Section) -> None:
    assert [(row.verdict, row.limit) for row in section.rows] == [
        ("**not met**", "what it does"),
        ("met", ""),
        ("", ""),
    ]
    assert [row.wanted for row in section.rows] == ["at most 1.5 x", "at least 100 /s", ""]


def test_a_target_that_need_not_be_met_is_counted_by_itself(section: Section) -> None:
    exempt = Target(1.5, "as decided", exempt=True)
    rows = tuple(Row.of(Figure("quick / slow", value), exempt) for value in (2.0, 1.0))
    assert [(row.verdict, row.limit) for row in rows] == [("exempt", "as decided"), ("met", "")]
    said = next(report.summary({"a": section, "b": replace(section, rows=rows)}))
    assert said.startswith("2 of 4 targets are met; exempt: 1 (")


def test_a_bench_without_a_figure_for_a_target_is_refused() -> None:
    with pytest.raises(LookupError, match="no figure for rate"):
        made(Figure("quick / slow", 1.0))


def test_a_bench_that_fails_is_named_and_the_others_are_measured(
    section: Section, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(name: str) -> Section:
        if name == "bad":
            raise ValueError("no server")
        return section

    sections, failed = run(["bad", "good"], measure)
    assert (sections, failed) == ({"good": section}, ["bad"])
    assert "no server" in capsys.readouterr().err


def test_what_was_not_measured_stays_and_what_is_no_bench_any_more_goes(section: Section) -> None:
    later = made(*(Figure(row.name, 1.0, row.unit) for row in section.rows))
    assert merged({"domain": section, "writes": section, "gone": section}, {"writes": later}) == {
        "domain": section,
        "writes": later,
    }


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, file in (("JSON", "report.json"), ("MARKDOWN", "report.md"), ("README", "README.md")):
        monkeypatch.setattr(report, name, tmp_path / file)
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    (tmp_path / "README.md").write_text(f"before\n{report.BEGIN}old\n{report.END}behind\n")
    return tmp_path


def test_a_report_is_kept_for_machines_and_for_people(section: Section, elsewhere: Path) -> None:
    report.keep({"domain": section})
    assert report.kept() == {"domain": section}
    readme = (elsewhere / "README.md").read_text()
    assert readme.startswith("before\n")
    assert readme.endswith("behind\n")
    assert "old" not in readme
    assert "| Made up | quick / slow | 2.00 x | at most 1.5 x | **not met** | what it does |" in readme
    assert "| beside | 3.00 ms |  |  |  |" in (elsewhere / "report.md").read_text()


@pytest.mark.parametrize(("fails", "code"), [(False, 0), (True, 1)])
def test_a_bench_that_fails_makes_the_run_fail_and_a_target_that_is_not_met_does_not(
    section: Section, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, fails: bool, code: int
) -> None:
    monkeypatch.setattr("tests.performance.__main__.run", lambda _: ({"domain": section}, ["start"] * fails))
    with pytest.raises(SystemExit) as ended:
        main(["domain"])
    assert ended.value.code == ("failed: start" if code else 0)
    assert Row.of(Figure("quick / slow", 2.0), TARGETS["quick / slow"]).met is False
