"""Finds the places where a module can be changed by hand, and makes one change. Nothing is run here.

Left alone: texts for people (any with a space), log lines, annotations, docstrings, f-strings and help texts; and the
numbers of a projection: MongoDB takes any but 0 for "show this field".
"""

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from tests.guards.guard import ROOT

_PAIRS = (
    "Lt LtE, Gt GtE, Eq NotEq, Is IsNot, In NotIn, And Or, Add Sub, BitAnd BitOr, Mod Mult, Div Mult, Mult FloorDiv"
)
_NAMES = [pair.split() for pair in _PAIRS.split(", ")]
SWAPS = {getattr(ast, after): getattr(ast, before) for before, after in _NAMES}
SWAPS |= {getattr(ast, before): getattr(ast, after) for before, after in _NAMES}
WITHOUT_MEANING = {"frozen", "slots", "help"}
FOR_THE_TYPE_CHECKER = ("cast(", "TypeVar(")


class Change(NamedTuple):
    """One change; ``text`` is the line as it was, ``start`` and ``end`` are bytes of the file."""

    file: str
    text: str
    before: str
    after: str
    line: int
    start: int
    end: int

    def applied(self, code: bytes) -> bytes:
        """The file with the change."""
        return code[: self.start] + self.after.encode() + code[self.end :]


def changes(path: Path) -> list[Change]:
    """All changes of a module."""
    return changes_of(str(path.relative_to(ROOT)), path.read_bytes())


def changes_of(file: str, code: bytes) -> list[Change]:
    """All changes of its code."""
    lines = code.splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
    found = []
    for node in _executed(ast.parse(code)):
        for part, after in _variants(node):
            start, end = starts[part.lineno - 1] + part.col_offset, starts[part.end_lineno - 1] + part.end_col_offset
            text = lines[part.lineno - 1].decode().strip()
            found.append(Change(file, text, ast.unparse(part), after, part.lineno, start, end))
    return found


def _executed(node: ast.AST) -> Iterator[Any]:
    """The node and all below it that is more than words and types."""
    if _says_only(node):
        return
    yield node
    for child in _parts(node):
        yield from _executed(child)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes right below it; of a projection its fields alone."""
    match node:
        case ast.keyword(arg="projection", value=ast.Dict(keys=keys)):
            yield from (key for key in keys if key)
        case _:
            fields = (value for field, value in ast.iter_fields(node) if field not in ("annotation", "returns"))
            values = chain(*(value if isinstance(value, list) else [value] for value in fields))
            yield from (value for value in values if isinstance(value, ast.AST))


def _says_only(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.Assert() | ast.Expr(value=ast.Constant()):
            return True
        case ast.keyword(arg=arg):
            return arg in WITHOUT_MEANING
        case ast.Expr(value=ast.Call() as call) | (ast.Call() as call):
            return ast.unparse(call).startswith(("logger()", *FOR_THE_TYPE_CHECKER))
    return False


def _variants(node: Any) -> Iterator[tuple[Any, str]]:
    """What can be put in the place of the node, or of a part of it."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in SWAPS:
            yield node, _with(node, ops=[SWAPS[type(op)]()])
        case ast.BinOp(op=op) | ast.BoolOp(op=op) if type(op) in SWAPS:
            yield node, _with(node, op=SWAPS[type(op)]())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, f"({ast.unparse(operand)})"
        case ast.Constant(value=value):
            yield from ((node, after) for after in _other_values(value))
        case ast.Call(func=ast.Attribute(), keywords=[_, *_] as keywords):
            yield from ((node, _with(node, keywords=rest)) for rest in _without_one(keywords))
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) not in ("None", "False"):
            yield node, "return None"
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.AugAssign() | ast.Continue():
            yield node, "pass"
        case ast.If(test=test) | ast.IfExp(test=test) if isinstance(test, ast.Name | ast.Call | ast.Attribute):
            yield test, f"(not {ast.unparse(test)})"


def _other_values(value: object) -> list[str]:
    if isinstance(value, bool):
        return [repr(not value)]
    if isinstance(value, int | float):
        return [repr(value + 1), repr(value * 10)] if value > 1 else [repr(value + 1)]
    return [repr(f"X{value}")] if isinstance(value, str) and value and " " not in value else []


def _without_one(keywords: list[ast.keyword]) -> list[list[ast.keyword]]:
    left_out = [keyword for keyword in keywords if keyword.arg not in WITHOUT_MEANING]
    return [[each for each in keywords if each is not keyword] for keyword in left_out]


def _with(node: Any, **instead: Any) -> str:
    """The node with other parts, as code that can be anywhere."""
    return f"({ast.unparse(type(node)(**{**dict(ast.iter_fields(node)), **instead}))})"
