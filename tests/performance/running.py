"""Runs the benches, each in a process of its own that has done nothing before, and prints what they have measured."""

import pkgutil
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from typing import cast

from rich.console import Console

from tests.performance import benches, report
from tests.performance.form import Bench
from tests.performance.report import Report, Section

LARGE = "large_meters"  # takes minutes: only by its name
ALL = tuple(module.name for module in pkgutil.iter_modules(benches.__path__))
USUAL = tuple(name for name in ALL if name != LARGE)
console = Console(highlight=False, markup=False, soft_wrap=True)
Measure = Callable[[str], Section]


def bench(name: str) -> Bench:
    """The module of a bench."""
    return cast(Bench, import_module(f"{benches.__name__}.{name}"))


def measured(name: str) -> Section:
    """Measure one bench."""
    chosen, machine, began = bench(name), report.machine(), time.monotonic()
    figures = list(chosen.measure())
    return report.section(chosen.TITLE, figures, chosen.TARGETS, machine, time.monotonic() - began)


def in_its_own_process(name: str) -> Section:
    """The same, in a process that has done nothing before."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(measured, name).result()


def run(names: Iterable[str], measure: Measure = in_its_own_process) -> tuple[Report, list[str]]:
    """Measure and print one after the other; returns the sections, and which benches failed."""
    sections, failed = Report(), list[str]()
    for name in names:
        try:
            sections[name] = measure(name)
        except Exception:  # noqa: BLE001 the others are measured all the same
            traceback.print_exc()
            failed.append(name)
        else:
            show(sections[name])
    return sections, failed


def show(section: Section) -> None:
    """Print a section as the report has it."""
    console.print(*report.markdown({"": section}), sep="\n")


def merged(before: Mapping[str, Section], now: Mapping[str, Section]) -> Report:
    """Sections by name in the order of the benches; what was not measured now is as before, what is no more goes."""
    sections = {**before, **now}
    return {name: sections[name] for name in (*ALL, "load") if name in sections}
