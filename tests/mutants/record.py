"""Which tests run which line, and how long each test takes: what says with which tests a change is tried."""

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

from coverage import CoverageData

from tests.guards.guard import ROOT
from tests.mutants.changes import Change

# Tests that look at a whole package from outside: in other processes, at what its modules did when imported, or at what
# was made once and is kept for all tests.
FROM_OUTSIDE = {
    "chalicelib/api/": "tests/functional/openapi/test_openapi.py",
    "migrations/": "tests/unit/migrations/test_applied_scripts.py",
    "migrations/0": "tests/integration/migrations/test_migrations_data.py",
    "infra/operations/": "tests/unit/infra/test_options.py",
    "migrations/__main__.py": "tests/unit/infra/test_options.py",
    "chalicelib/handlers/": "tests/functional/handlers/test_deployed_functions.py",
}


@dataclass(frozen=True)
class Record:
    """Which tests run which line of which file, how many seconds each test takes, and which were red."""

    lines: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]
    red: tuple[str, ...] = ()

    def tests_of(self, change: Change) -> list[str]:
        """The quick ones first. A line that runs at import has those of its module, and those that import or name it.

        A module of which nothing else runs has those of its folder. A test that is red anyway is not among them.
        """
        lines, word = self.lines.get(change.file, {}), re.match("[A-Z][A-Z_]+", change.text)
        folder, _, _ = change.file.rpartition("/")
        beside = (self.lines[file] for file in self.lines if file.rpartition("/")[0] == folder)
        of_module = {*chain(*lines.values())} or {*chain(*(chain(*each.values()) for each in beside))}
        names = [f"from {change.file.removesuffix('.py').replace('/', '.')} import", *([word[0]] if word else [])]
        naming = (test for test in self.seconds if any(name in _text(test.partition("::")[0]) for name in names))
        outside = {module for package, module in FROM_OUTSIDE.items() if change.file.startswith(package)}
        looking = (test for test in self.seconds if test.partition("::")[0] in outside)
        running = {*lines.get(str(change.line), ())}
        if not running or change.line not in _lines_of_functions(change.file):
            running |= {*of_module, *naming}
        tests = running | {*looking}
        return sorted(tests.difference(self.red), key=lambda test: self.seconds.get(test, 0.0))

    def batches(self, change: Change, few: int) -> list[list[str]]:
        """A few tests, which mostly are enough, and then the others: a line of each request has thousands."""
        tests = self.tests_of(change)
        return [batch for batch in (tests[:few], tests[few:]) if batch]

    def kept(self, file: Path) -> "Record":
        """The record, written to a file."""
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(asdict(self)))
        return self


def record_of(folder: Path, report: Path) -> Record:
    """What pytest reported and coverage saw in that folder."""
    seconds, red = dict[str, float](), set[str]()
    for case in ElementTree.parse(report).iter("testcase"):
        test = _function(_named(case.attrib["classname"], case.attrib["name"]))
        seconds[test] = seconds.get(test, 0.0) + float(case.attrib["time"])
        if case.find("failure") is not None or case.find("error") is not None:
            red.add(test)
    data = CoverageData(str(folder / ".coverage"))
    data.read()
    lines = {
        str(Path(file).relative_to(folder)): {
            str(line): _tests(contexts) for line, contexts in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }
    return Record(lines, seconds, tuple(sorted(red)))


def kept_record(file: Path) -> Record | None:
    """The record of the last time, if no module was changed since."""
    modules = chain(*((ROOT / name).rglob("*.py") for name in ("chalicelib", "migrations", "infra", "tests")))
    if not file.exists() or file.stat().st_mtime < max(module.stat().st_mtime for module in modules):
        return None
    found = json.loads(file.read_text())
    return Record(**{**found, "red": tuple(found["red"])})


def _tests(contexts: Iterable[str]) -> list[str]:
    return sorted({_function(context) for context in contexts if context})


def _named(place: str, name: str) -> str:
    """A test as pytest takes it; its place is a module, and a class where it is in one."""
    module, _, of_class = place.partition(".Test")
    return "::".join([f"{module.replace('.', '/')}.py", *([f"Test{of_class}"] if of_class else []), name])


def _function(context: str) -> str:
    """A test without its parameters, and without what coverage adds."""
    return context.partition("[")[0].partition("|")[0]


@cache
def _lines_of_functions(file: str) -> frozenset[int]:
    """The lines that do not run when a module is imported, but when something is called."""
    functions = (node for node in ast.walk(ast.parse(_text(file))) if isinstance(node, ast.FunctionDef))
    bodies = (range(node.body[0].lineno, (node.end_lineno or 0) + 1) for node in functions)
    return frozenset(chain(*bodies))


@cache
def _text(module: str) -> str:
    return (ROOT / module).read_text() if (ROOT / module).exists() else ""
