"""Speed of a read beside the least that any read must do, and of reads that have nothing to show.

Beside the whole function there are Chalice routes without anything around them: one finds the same document and writes
its JSON (bare route), one finds it as text (stored text), and others answer the same question without a stored view: 26
index seeks in one command, MongoDB's ``$fill`` over the readings of the year, and fetching these, the first step of a
client that resamples them itself (with pandas, for one). None asks for a token, a zone or an exchanged register.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from bson.decimal128 import Decimal128
from chalice import Chalice, Response
from pymongo import MongoClient

from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.meters.invariants import view_id
from chalicelib.repositories.command_times import CommandTimes
from tests.fakes.issuer import FakeIssuer
from tests.performance.deployed import Deployment, asking
from tests.performance.form import Figure, Target
from tests.performance.setting import POWER, Call, Calls, household, in_turn, server

TITLE = "Reads"
READINGS, YEAR, ROUNDS = 1_000, 2021, 600
DISPLAY = f"/v2/display?type=power&year={YEAR}&dataType=monthly"
SUMMARY = "/v2/display?type=power&dataType=summary"
COMPONENT = f"/components/monthly_charts?type=power&year={YEAR}"
HISTOGRAM = "/v2/display?type=power&dataType=histogram"
ABSENCE = "the command that misses a meter looks for its readings too, and an answer without any is made, not stored"
# What is compared with what, and what it should be.
RATIOS: dict[tuple[str, str], Target | None] = {
    ("repository", "find_one"): Target(
        1.1,
        "the meter is looked up beside its view, and the view's seal is checked: a digest of its bytes; nothing next, "
        "as without either nobody notices a view that lags or is damaged",
    ),
    ("display", "bare route"): Target(
        1.25, "token, log line, query and response model are each worth a tenth of a millisecond of Python"
    ),
    ("display", "stored text"): Target(
        1.8,
        "the command for meter and view, which notices a view that lags, takes longer than that whole route; "
        "next: a warm function keeps the last texts and asks for versions alone",
    ),
    ("component", "bare route"): Target(
        1.5,
        "flags, usage with its insert, and its metrics come on top of what a display read takes; next: usage of many "
        "requests in one insert, which would lose some with a function that ends",
    ),
    ("summary", "bare route"): None,
    ("26 index seeks", "display"): None,
    ("$fill", "display"): None,
    ("fetching a year's readings", "display"): None,
    ("dashboard of one meter", "dashboard of two"): Target(1.1, ABSENCE),
    ("dashboard of none", "dashboard of two"): Target(1.1, ABSENCE),
    ("months without readings", "months of a meter"): Target(1.3, ABSENCE),
    ("summary without readings", "summary"): Target(1.3, ABSENCE),
    ("timeline without readings", "timeline"): Target(1.3, ABSENCE),
}
TARGETS = {f"{one} / {other}": target for (one, other), target in RATIOS.items() if target}


def measure() -> Iterator[Figure]:
    """Everything is asked in turn."""
    issuer = FakeIssuer()
    with server(CommandTimes()) as (uri, database):
        deployed = Deployment.on(database, issuer)
        user = household(deployed.container, READINGS)
        bare: Any = MongoClient(uri)[database.name]
        taken = in_turn({**without_us(bare, user), **of_ours(deployed, user)}, ROUNDS, mixed=True)
    yield from (taken.ratio(one, other) for one, other in RATIOS)


def of_ours(deployed: Deployment, user: str) -> Calls:
    """What is ours, by name: of somebody with one meter, of somebody with two, and of nobody's."""
    two, nobody, display = household(deployed.container, READINGS, "power", "gas"), uuid4().hex, deployed.container.new
    return {
        "repository": lambda: display._display.find(user, POWER, "monthly", YEAR),
        "display": deployed.asks(user, DISPLAY),
        "summary": deployed.asks(user, SUMMARY),
        "timeline": deployed.asks(user, HISTOGRAM),
        "component": deployed.asks(user, COMPONENT),
        "dashboard of two": deployed.asks(two, "/components/dashboard"),
        "dashboard of one meter": deployed.asks(user, "/components/dashboard"),
        "dashboard of none": deployed.asks(nobody, "/components/dashboard"),
        "months of a meter": deployed.asks(two, DISPLAY),
        "months without readings": deployed.asks(user, DISPLAY.replace("power", "gas")),
        "summary without readings": deployed.asks(nobody, SUMMARY),
        "timeline without readings": deployed.asks(nobody, HISTOGRAM),
    }


def without_us(bare: Any, user: str) -> Calls:
    """What needs none of ours: the same document, and the same question asked of the readings."""
    key = view_id(user, POWER, "monthly", YEAR, CALCULATION_VERSION)
    views, texts = bare["display_energy_data"], bare["texts"]
    texts.insert_one({"_id": key, "text": json.dumps(views.find_one({"_id": key})["data"], default=plain)})
    asked = {
        "bare route": lambda: views.find_one({"_id": key})["data"],
        **from_readings(bare, user),
        "stored text": lambda: texts.find_one({"_id": key})["text"],
    }
    application = bare_application([*asked.values()])
    routes = {name: asking(application, f"/{number}") for number, name in enumerate(asked)}
    return {"find_one": lambda: views.find_one({"_id": key}), **routes}


def from_readings(bare: Any, user: str) -> Calls:
    """A year's thirteen month ends out of the readings themselves."""
    meter = {"userId": user, "type": POWER.value}
    ends = [datetime(YEAR + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(13)]
    around = {"$gte": datetime(YEAR - 1, 12, 25, tzinfo=UTC), "$lte": datetime(YEAR + 1, 1, 8, tzinfo=UTC)}
    readings, shown = bare["source_energy_readings"], {"date": 1, "amount": 1, "_id": 0}
    there: dict[str, Any] = {"from": readings.name, "let": {"end": "$end"}}
    seeks = [
        {"$lookup": {**there, "as": name, "pipeline": _next(meter, relation, order)}}
        for name, relation, order in (("before", "$lte", -1), ("after", "$gt", 1))
    ]
    filled = [
        {"$match": {**meter, "date": around}},
        {"$project": shown},
        {"$unionWith": {"pipeline": [{"$documents": [{"date": end, "end": True} for end in ends]}]}},
        {"$fill": {"sortBy": {"date": 1}, "output": {"amount": {"method": "linear"}}}},
        {"$match": {"end": True}},
    ]
    return {
        "26 index seeks": lambda: list(bare.aggregate([{"$documents": [{"end": end} for end in ends]}, *seeks])),
        "$fill": lambda: list(readings.aggregate(filled)),
        "fetching a year's readings": lambda: list(readings.find({**meter, "date": around}, shown)),
    }


def _next(meter: dict[str, Any], relation: str, order: int) -> list[dict[str, Any]]:
    """The next reading on one side of an instant."""
    match = {**meter, "$expr": {relation: ["$date", "$$end"]}}
    return [
        {"$match": match},
        {"$sort": {"date": order}},
        {"$limit": 1},
        {"$project": {"date": 1, "amount": 1, "_id": 0}},
    ]


def bare_application(asked: Sequence[Call]) -> Chalice:
    """A route for each question, without anything around it: what is asked, as JSON; a text unchanged."""
    application = Chalice(app_name="bare", configure_logs=False)

    def route(ask: Call) -> Callable[[], Response]:
        def view() -> Response:
            found = ask()
            body = found if isinstance(found, str) else json.dumps(found, default=plain, separators=(",", ":"))
            return Response(body, {"Content-Type": "application/json"})

        return view

    for number, ask in enumerate(asked):
        application.route(f"/{number}", name=f"route-{number}")(route(ask))
    return application


def plain(value: Any) -> object:
    """Amounts and instants as JSON has them."""
    return float(value.to_decimal()) if isinstance(value, Decimal128) else value.isoformat()
