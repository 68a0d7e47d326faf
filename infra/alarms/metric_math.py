"""The part of CloudWatch's metric math that the rules use: arithmetic, comparisons, AND, OR, IF, FILL, DIFF.

Its expressions read like Python's, so that Python's own parser reads them. A period without data has no result, and
neither has a division by zero.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from infra.alarms.samples import Values

OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.And: lambda left, right: bool(left) and bool(right),
    ast.Or: lambda left, right: bool(left) or bool(right),
}


def calculated(expression: str, series: Mapping[str, Values], may_fill: Sequence[bool]) -> Values:
    """Return the expression's value in each period, the oldest first.

    ``series`` has the metrics by their id. FILL works where ``may_fill``: before anybody measured, nothing was zero.
    Raises ValueError for what is no metric math, or more of it than the rules use.
    """
    python = re.sub(r"\b(AND|OR)\b", lambda found: found[0].lower(), expression)
    try:
        return _Expression(series, may_fill).values(ast.parse(python, mode="eval").body)
    except (KeyError, SyntaxError) as error:
        raise ValueError(f"metric math {expression!r}: {error} is not known") from error


class _Expression:
    def __init__(self, series: Mapping[str, Values], may_fill: Sequence[bool]) -> None:
        self._series = series
        self._may_fill = may_fill

    def values(self, node: ast.expr) -> Values:
        match node:
            case ast.Constant(value=int() | float() as number):
                return [float(number)] * len(self._may_fill)
            case ast.Name(id=name):
                return self._series[name]
            case ast.BinOp(left=left, op=sign, right=right) | ast.Compare(left=left, ops=[sign], comparators=[right]):
                return self._combined(sign, left, right)
            case ast.BoolOp(op=sign, values=[left, right]):
                return self._combined(sign, left, right)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._called(name, [self.values(argument) for argument in arguments])
        raise ValueError(f"metric math has no {ast.unparse(node)!r} here")

    def _combined(self, sign: ast.AST, left: ast.expr, right: ast.expr) -> Values:
        combine = OPERATORS[type(sign)]
        return [_both(combine, *pair) for pair in zip(self.values(left), self.values(right), strict=True)]

    def _called(self, name: str, arguments: Sequence[Values]) -> Values:
        functions: dict[str, Callable[..., Values]] = {"IF": _if, "FILL": self._fill, "DIFF": _diff}
        return functions[name](*arguments)

    def _fill(self, values: Values, instead: Values) -> Values:
        every = zip(values, instead, self._may_fill, strict=True)
        return [other if value is None and may_fill else value for value, other, may_fill in every]


def _both(combine: Callable[[float, float], float], left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    try:
        return float(combine(left, right))
    except ZeroDivisionError:
        return None


def _if(conditions: Values, then: Values, otherwise: Values) -> Values:
    every = zip(conditions, then, otherwise, strict=True)
    return [None if condition is None else (yes if condition else no) for condition, yes, no in every]


def _diff(values: Values) -> Values:
    return [None, *(_both(operator.sub, now, before) for before, now in pairwise(values))]
