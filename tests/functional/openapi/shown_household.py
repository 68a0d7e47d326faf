"""A household with readings and display documents, for the OpenAPI tests."""

import json

from chalicelib.domain.readings import EnergyType
from tests.functional.conftest import Api


def household(api: Api) -> dict[str, str]:
    """Two readings, an exchange and an import, shown; returns the ids of one of each."""
    body = {"type": "power", "date": "2023-01-31", "amount": 1000}
    reading = api.request("POST", "/v2/energy", json.dumps(body)).json_body
    api.request("POST", "/v2/energy", json.dumps(body | {"date": "2023-02-28", "amount": 1100.5}))
    body = {"type": "power", "date": "2023-06-01", "finalOld": 2000}
    exchange = api.request("POST", "/v2/exchanges", json.dumps(body)).json_body["exchange"]
    file = "date,type,amount\n2023-01-05,power,990\n"
    imported = api.request("POST", "/v2/energy/import", file, content_type="text/csv").json_body
    api.container.calculation.refresh("alice", EnergyType.POWER)
    return {"reading_id": reading["id"], "exchange_id": exchange["id"], "import_id": imported["importId"]}
