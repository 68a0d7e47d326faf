"""Building the events that Lambda hands to an event function."""

import json
from typing import Any

from chalicelib.domain.events.contracts import EnergyEvent
from tests.functional.conftest import Api


class Context:
    aws_request_id = "request-1"


def envelope(event: EnergyEvent) -> dict[str, Any]:
    """What EventBridge makes of a published event."""
    return {
        "version": "0",
        "id": str(event.event_id),
        "detail-type": type(event).__name__,
        "source": "energy-monitor",
        "account": "000000000000",
        "time": "2024-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": json.loads(event.model_dump_json(by_alias=True)),
    }


def recorded(api: Api, amount: int = 1000, date: str = "2023-01-31") -> dict[str, Any]:
    body = json.dumps({"type": "power", "date": date, "amount": amount})
    assert api.request("POST", "/v2/energy", body).status_code == 201
    return envelope(api.publisher.events[-1])
