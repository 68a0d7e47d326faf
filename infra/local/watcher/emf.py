"""Reads metrics from log lines in CloudWatch's embedded metric format (EMF)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MARK = '{"_aws"'


@dataclass(frozen=True, slots=True)
class Measured:
    """Values of one metric at one time, in seconds since 1970."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    at: float
    values: tuple[float, ...]


def measured(lines: Iterable[str]) -> Iterator[Measured]:
    """Yield what the lines measure; what is no EMF, or only half a line of it, measures nothing."""
    for line in lines:
        if line.startswith(MARK):
            try:
                yield from _of_document(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue


def _of_document(document: dict[str, Any]) -> Iterator[Measured]:
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = tuple(sorted((name, str(document[name])) for name in names))
            for metric in directive["Metrics"]:
                found = document[metric["Name"]]
                yield Measured(
                    directive["Namespace"],
                    metric["Name"],
                    metric.get("Unit", "None"),
                    dimensions,
                    document["_aws"]["Timestamp"] / 1000,
                    tuple(map(float, found if isinstance(found, list) else [found])),
                )
