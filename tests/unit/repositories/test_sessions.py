"""Where there is a session, every command goes through it: else it is outside of the transaction or of the snapshot."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORIES = Path(__file__).parents[3] / "chalicelib" / "repositories"
MODULES = sorted(path.name for path in REPOSITORIES.glob("*.py"))
COMMANDS = {
    *("find", "find_one", "find_raw_batches", "aggregate", "aggregate_raw_batches", "count_documents", "distinct"),
    *(
        "insert_one",
        "insert_many",
        "insert_alike",
        "update_one",
        "update_many",
        "replace_one",
        "delete_one",
        "delete_many",
    ),
    *("find_one_and_update", "find_one_and_replace", "find_one_and_delete", "bulk_write", "command"),
}
# A person's documents (ScopedCollection, OwnedDocuments): these put their session into every command.
WITH_A_SESSION_OF_THEIR_OWN = {
    "display.py": {"meters", "display"},
    "first_copies.py": {"readings", "ScopedCollection(self._database[name], user_id, session)"},
    "meters.py": {"self._owned", "self._meters"},
    "packing.py": {"meters", "OwnedDocuments(database, user_id, session)"},
    "partial_snapshots.py": {"ScopedCollection(display, self.user_id, self.session)"},
    "queries.py": {"owned"},
    "reconciliation.py": {"readings"},
    "repaired.py": {"ScopedCollection(database[Collections.REPAIRED], user_id, session)"},
    "settings.py": {"self._settings"},
    "snapshot_head.py": {"OwnedDocuments(database, user_id, session)"},
}


@pytest.mark.parametrize("module", MODULES)
def test_a_command_goes_through_the_session_that_is_there(module: str) -> None:
    tree = ast.parse((REPOSITORIES / module).read_text())
    without = {ast.unparse(call.func.value): call.lineno for call in _outside(tree, has_session=False)}  # type: ignore[attr-defined]
    assert without.keys() == WITH_A_SESSION_OF_THEIR_OWN.get(module, set()), without


def _outside(node: ast.AST, *, has_session: bool) -> Iterator[ast.Call]:
    """The commands that are given no session, below a class or a function that has one."""
    for child in ast.iter_child_nodes(node):
        if has_session and isinstance(child, ast.Call) and _is_command(child) and not _is_given_a_session(child):
            yield child
        yield from _outside(child, has_session=has_session or _has_session(child))


def _is_command(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in COMMANDS


def _is_given_a_session(call: ast.Call) -> bool:
    return any(keyword.arg == "session" for keyword in call.keywords)


def _has_session(node: ast.AST) -> bool:
    match node:
        case ast.ClassDef(body=body):
            fields = {ast.unparse(field.target) for field in body if isinstance(field, ast.AnnAssign)}
            return "session" in fields or any(name in ast.unparse(node) for name in ("self._session", "self.session"))
        case ast.FunctionDef(args=arguments) | ast.Lambda(args=arguments):
            return "session" in {argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)}
        case _:
            return False
