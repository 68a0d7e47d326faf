"""The core is pure: the standard library and pydantic, no clock, no I/O, no zone of the process."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib import domain

MODULES = sorted(Path(domain.__path__[0]).rglob("*.py"))
IMPURE = {"os", "time", "random", "secrets", "socket", "subprocess", "pathlib", "threading", "tempfile", "logging"}
CLOCKS = {"now", "today", "utcnow", "fromtimestamp", "tzset"}


def imported_by(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module or "relative"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(domain.__path__[0])))
def test_a_module_of_the_core_imports_only_what_is_pure(module: Path) -> None:
    names = set(imported_by(ast.parse(module.read_text())))
    outside = {name.split(".")[0] for name in names if not name.startswith("chalicelib.domain")}
    assert outside <= (set(sys.stdlib_module_names) - IMPURE) | {"pydantic"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(domain.__path__[0])))
def test_a_module_of_the_core_asks_no_clock_and_opens_nothing(module: Path) -> None:
    called = [node.func for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
    assert not [f.attr for f in called if isinstance(f, ast.Attribute) and f.attr in CLOCKS]
    assert not [f.id for f in called if isinstance(f, ast.Name) and f.id == "open"]
