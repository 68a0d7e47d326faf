"""The answers of the page's demo: ``python -m tests.functional.demo.household_copy`` writes them.

A household of four years is recorded in the application and asked for as the page does: its figures are calculated like
everybody's.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from chalice.test import Client

from app import app
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.domain.readings import EnergyType
from tests.fakes.application import application
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer

COPY = Path(__file__).parents[3] / "chalicelib" / "web" / "demo" / "household.js"
PROJECT = str(Path(__file__).parents[3])
NOW = datetime(2026, 11, 17, 18, tzinfo=UTC)
LAST_DAY = date(2026, 11, 15)
YEARS = range(2023, 2027)
SEEN_LAST, EXCHANGED = date(2025, 3, 16), date(2025, 3, 20)  # the old meter of gas
BARS = 60  # of the timeline, as the page draws it
BETWEEN = {(1, 15), (2, 15)}
# What is used on a day of each month, and how each year differs from the first.
PER_DAY = {
    "power": ("11.2", "10.8", "9.6", "8.4", "7.5", "7.1", "6.9", "7.2", "7.9", "9.1", "10.4", "11.6"),
    "gas": ("8.9", "8.1", "6.2", "3.9", "1.8", "0.9", "0.7", "0.8", "1.6", "3.7", "6.4", "8.3"),
}
OF_THE_FIRST_YEAR = {2023: "1", 2024: "0.96", 2025: "0.93", 2026: "0.88"}
BEGIN = {"power": Decimal("18230.4"), "gas": Decimal("4127.6")}
FORGOTTEN = {(2024, 7), (2024, 8), (2026, 8)}  # nobody read a meter in these holidays
HEADER = (
    "/** The answers of the demo, written by ``python -m tests.functional.demo.household_copy``: change that. */\n\n"
)


def generated() -> str:
    """The module as its copy should read: one answer in a line."""
    with _asking() as ask:
        answers = {
            "dashboard": ask("dashboard"),
            "energy_table": _renamed(ask("energy_table?limit=500")),
            **{f"timeline_slider {kind}": ask(f"timeline_slider?type={kind}&buckets={BARS}") for kind in PER_DAY},
            **{
                f"monthly_charts {kind} {year}": ask(f"monthly_charts?type={kind}&year={year}")
                for kind in PER_DAY
                for year in (YEARS[0] - 2, YEARS[0] - 1, *YEARS)  # the first of them has no figure at all
            },
        }
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(answer, ensure_ascii=False)}" for name, answer in answers.items()
    )
    return f"{HEADER}/** @type {{Record<string, any>}} */\nexport const HOUSEHOLD = JSON.parse(`{{\n{lines}\n}}`);\n"


@contextmanager
def _asking() -> Iterator[Any]:
    """A function that asks a component as somebody whose household is recorded."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
    with (
        application(verifier, lambda: int(NOW.timestamp() * 1000)) as behind,
        Client(app, project_dir=PROJECT) as client,
    ):

        def send(method: str, path: str, body: str = "", content_type: str = "application/json") -> Any:
            headers = {"Authorization": f"Bearer {issuer.token('demo')}", "Content-Type": content_type}
            answer = client.http.request(method, path, headers, body.encode())
            assert answer.status_code < 400, answer.body
            return answer.json_body

        send("POST", "/v2/energy/import?confirm=true", _file(), "text/csv")
        send("POST", "/v2/exchanges", json.dumps(_exchange()))
        for kind in EnergyType:
            behind.container.calculation.refresh("demo", kind)
        yield lambda path: send("GET", f"/components/{path}")


def _file() -> str:
    rows = (f"{day},{kind},{amount}\n" for kind in PER_DAY for day, amount in _readings(kind))
    return "".join(["date,type,amount\n", *rows])


def _readings(kind: str) -> Iterator[tuple[date, Decimal]]:
    """The first day of each month, some between, and the last day of all; the new meter of gas begins at zero."""
    amount = BEGIN[kind]
    day = date(YEARS[0], 1, 1)
    while day <= LAST_DAY:
        if kind == "gas" and day == EXCHANGED:
            amount = Decimal(0)
        is_read = day.day == 1 and (day.year, day.month) not in FORGOTTEN
        if is_read or (day.month, day.day) in BETWEEN or day in (LAST_DAY, SEEN_LAST):
            yield day, amount.quantize(Decimal("0.1"))
        amount += _used(kind, day)
        day += timedelta(days=1)


def _used(kind: str, day: date) -> Decimal:
    """On one day: no two months are alike."""
    unlike = Decimal(90 + 2 * ((7 * day.year + 5 * day.month) % 11)) / 100
    return Decimal(PER_DAY[kind][day.month - 1]) * Decimal(OF_THE_FIRST_YEAR[day.year]) * unlike


def _exchange() -> dict[str, Any]:
    last = dict(_readings("gas"))[SEEN_LAST] + (EXCHANGED - SEEN_LAST).days * _used("gas", SEEN_LAST)
    return {"type": "gas", "date": f"{EXCHANGED}", "finalOld": float(round(last, 1)), "initialNew": 0}


def _renamed(table: Any) -> Any:
    """Ids and revisions are other ones each time, and ids order what has one date: here they are counted."""
    rows = sorted(table["readings"], key=lambda row: (row["date"], row["type"]))
    return table | {"readings": [row | {"id": f"demo{place}", "revision": "1"} for place, row in enumerate(rows, 1)]}


if __name__ == "__main__":
    COPY.write_text(generated(), encoding="utf-8")
