"""The report of a run: storing its figures as JSON, and writing them as tables for people.

A run replaces the figures of the benches that it measures; those of the others stay, with their own date and machine.
"""

import json
import os
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.performance.form import Figure, Target

FOLDER = Path(__file__).parent / "report"
JSON, MARKDOWN, README = FOLDER / "report.json", FOLDER / "report.md", FOLDER.parent / "README.md"
BEGIN, END = "<!-- the latest report -->\n", "<!-- end of the latest report -->\n"
DIGITS = {"x": 2, "s": 2, "ms": 2, "MB": 1, "us": 1, "/s": 1, "cores": 2}


@dataclass(frozen=True, slots=True)
class Row:
    """A stored figure and its target. ``bound`` None: it is shown for comparison; ``limit``: what limits it."""

    name: str
    value: float
    unit: str
    note: str
    bound: float | None = None
    at_least: bool = False
    exempt: bool = False
    met: bool | None = None
    limit: str = ""

    @classmethod
    def of(cls, figure: Figure, target: Target | None) -> "Row":
        """Held against its target."""
        if target is None:
            return cls(**asdict(figure))
        met = target.is_met(figure.value)
        return cls(**asdict(figure), **asdict(target) | {"met": met, "limit": "" if met else target.limit})

    @property
    def wanted(self) -> str:
        """The target in words."""
        if self.bound is None:
            return ""
        return f"{'at least' if self.at_least else 'at most'} {plain(self.bound)} {self.unit}".strip()

    @property
    def verdict(self) -> str:
        """Met or not, nothing where there is no target."""
        return {True: "met", False: "exempt" if self.exempt else "**not met**", None: ""}[self.met]

    @property
    def measured(self) -> str:
        """Value and unit."""
        value = f"{self.value:,.{DIGITS.get(self.unit, 0)}f}"
        return f"{value} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Section:
    """What one bench has measured, where and when. ``machine``: cores, model, load before it began."""

    title: str
    date: str
    machine: str
    seconds: float
    rows: tuple[Row, ...]


def section(
    title: str, figures: Iterable[Figure], targets: Mapping[str, Target], machine: str, seconds: float
) -> Section:
    """The figures of a bench. Raises LookupError where a target has none."""
    rows = tuple(Row.of(figure, targets.get(figure.name)) for figure in figures)
    if missing := targets.keys() - {row.name for row in rows}:
        raise LookupError(f"no figure for {', '.join(sorted(missing))}")
    return Section(title, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", machine, round(seconds, 1), rows)


def machine() -> str:
    """Cores, model and the load of the last minute."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
    return f"{os.cpu_count()} cores, {model}, load {os.getloadavg()[0]:.1f}"


Report = dict[str, Section]  # by the name of the bench, in the order of the report


def kept() -> Report:
    """The stored report; empty where there is none."""
    if not JSON.exists():
        return {}
    return {name: _section(document) for name, document in json.loads(JSON.read_text()).items()}


def _section(document: dict[str, Any]) -> Section:
    return Section(**document | {"rows": tuple(Row(**row) for row in document["rows"])})


def keep(report: Report) -> None:
    """Write it for machines, for people, and the targets into the README."""
    FOLDER.mkdir(exist_ok=True)
    JSON.write_text(
        json.dumps({name: asdict(each) for name, each in report.items()}, indent=1, ensure_ascii=False) + "\n"
    )
    MARKDOWN.write_text("# Report of the benches\n\n" + "\n".join(markdown(report)))
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(before + BEGIN + "\n" + "\n".join(summary(report)) + "\n" + END + rest.partition(END)[2])


def markdown(report: Report) -> Iterator[str]:
    """Every figure, a table for each bench."""
    for each in report.values():
        yield f"## {each.title}\n\n{each.date}, {each.machine}, {each.seconds:.0f} s\n"
        yield from table(("figure", "measured", "target", "", "made of"), map(_cells, each.rows))
        yield from (f"- {row.name}: {row.limit}." for row in each.rows if row.limit)
        yield ""


def _cells(row: Row) -> tuple[str, ...]:
    return row.name, row.measured, row.wanted, row.verdict, row.note


def summary(report: Report) -> Iterator[str]:
    """Every target: met or not, and what limits those that are not."""
    targets = [(each, row) for each in report.values() for row in each.rows if row.bound is not None]
    said = Counter(row.verdict for _, row in targets)
    places = dict.fromkeys(f"{each.date[:10]}, {each.machine.rpartition(', load')[0]}" for each in report.values())
    loads = [float(each.machine.rpartition("load ")[2]) for each in report.values()] or [0.0]
    where = f"{'; '.join(places)}; load before a bench: {min(loads):.1f} to {max(loads):.1f}"
    yield f"{said['met']} of {len(targets)} targets are met; exempt: {said['exempt']} ({where}).\n"
    rows = ((each.title, row.name, row.measured, row.wanted, row.verdict, row.limit) for each, row in targets)
    yield from table(("bench", "figure", "measured", "target", "", "what limits it"), rows)


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    for cells in (heads, ("---",) * len(heads), *rows):
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def plain(bound: float) -> str:
    """A bound without needless digits."""
    return f"{bound:,.10g}" if bound < 1_000 else f"{bound:,.0f}"
