"""Spans of time that are typed: the one type of all options of seconds, minutes and hours that take fractions."""

from math import isfinite, nan
from typing import Any

import click
from typing_extensions import override


class Span(click.FloatRange):
    """A finite number within bounds: a range of click's lets nan pass, and infinity where nothing bounds it above."""

    def __init__(self, least: float, most: float | None = None, *, example: str, above: bool = False) -> None:
        """``above``: more than ``least``, not ``least`` itself. ``example``: what somebody may type."""
        super().__init__(least, most, min_open=above)
        at_least = f"{'more than' if above else 'at least'} {least:g}"
        at_most = "" if most is None else f" and at most {most:g}"
        self._wanted = f"a number, {at_least}{at_most}, such as {example}"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(super().convert(value, param, ctx))
        except click.BadParameter:
            number = nan
        if not isfinite(number):
            self.fail(f"{value} cannot be: it takes {self._wanted}", param, ctx)
        return number
