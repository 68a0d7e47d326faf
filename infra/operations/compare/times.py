"""Printing the times of pages: old beside new, as browsers and the server have measured them."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.migration.records.measurements import ComponentTimes, Sample
from infra.operations.printing import console

HALF, MOST = 0.5, 0.95


def times_document(found: Sequence[ComponentTimes]) -> dict[str, dict[str, Any]]:
    """Times by component and backend, in milliseconds, for programs."""
    documents: dict[str, dict[str, Any]] = {}
    for each in found:
        samples = {name: _document(sample) for name, sample in each.samples.items()}
        errors = {"count": len(each.errors.measured), "cut": each.errors.cut, "rate": each.error_rate}
        documents.setdefault(each.component, {})[each.backend] = samples | {"errors": errors}
    return documents


def print_times(found: Sequence[ComponentTimes], hours: int) -> None:
    """Times, for people."""
    if not any(each.is_known for each in found):
        console.print(f"no page has measured anything in the last {hours} hours: that proves nothing")
        return
    headed = [head for backend in Backend for head in (f"{backend}: p50", "p95", "count")]
    table = Table("component", "milliseconds", *headed)
    old, new = ([each for each in found if each.backend is backend] for backend in Backend)
    for pair in zip(old, new, strict=True):
        for row in _rows(*pair):
            table.add_row(*row)
    console.print(table)
    if any(sample.cut for each in found for sample in (*each.samples.values(), each.errors)):
        console.print("+: the latest of them; there are earlier ones, which count for nothing here")


def _rows(old: ComponentTimes, new: ComponentTimes) -> Iterator[list[str]]:
    """What is known of one component."""
    for name, sample in old.samples.items():
        if sample.measured or new.samples[name].measured:
            yield [old.component, name, *_cells(sample), *_cells(new.samples[name])]
    if old.error_rate is not None or new.error_rate is not None:
        yield [old.component, "errors", *_error_cells(old), *_error_cells(new)]


def _cells(sample: Sample) -> list[str]:
    return [_shown(sample.percentile(HALF)), _shown(sample.percentile(MOST)), _count(sample)]


def _error_cells(times: ComponentTimes) -> list[str]:
    rate = "" if times.error_rate is None else f"{times.error_rate:.2%}"
    return [rate, "", _count(times.errors)]


def _shown(elapsed: float | None) -> str:
    return "" if elapsed is None else f"{elapsed:,.1f}"


def _count(sample: Sample) -> str:
    return f"{len(sample.measured):,}{'+' * sample.cut}"


def _document(sample: Sample) -> dict[str, Any]:
    return {
        "p50": sample.percentile(HALF),
        "p95": sample.percentile(MOST),
        "count": len(sample.measured),
        "cut": sample.cut,
    }
