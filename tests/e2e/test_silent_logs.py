"""The logs of a stack say nothing of the people who use it, whichever server writes them, and are private."""

import json
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from pathlib import Path

from chalicelib.bootstrap.operations import shell_operations
from chalicelib.repositories.database import open_database
from tests.e2e.conftest import Deployed, eventually

WHO = "marked.person@example.org"
AMOUNT = 7654321
WORD = "markedword"
MEASURED = ("Requests", "MemoryUsed", "RepositoryDuration", "DisplayQueryDuration", "EventDuration", "EventsFailed")
SAID = ("event handled", "event failed", "refused", *MEASURED)


def test_the_logs_of_all_servers_are_silent_about_people_and_private(deployed: Deployed) -> None:
    token = deployed.token(WHO)
    use(deployed)
    eventually(lambda: unsaid(deployed), lambda missing: missing == [])  # what is written last is looked at too
    logs = sorted(Path(deployed.layout.folder, "logs").iterdir())
    names = {log.name for log in logs}
    assert {f"{name}.log" for name in ("functions", "mongod", "localstack", "appconfig", "issuer")} <= names
    marks = [WHO, WORD, str(AMOUNT), *token.split("."), urlsafe_b64encode(WHO.encode()).decode().rstrip("=")]
    for log in logs:
        said = log.read_text(errors="replace")
        assert [mark for mark in marks if mark in said] == [], log.name
        assert log.stat().st_mode & 0o777 == 0o600, log.name
    for folder in (deployed.layout.folder, deployed.layout.folder / "logs"):
        assert folder.stat().st_mode & 0o777 == 0o700


def unsaid(deployed: Deployed) -> list[str]:
    """What the log of functions has to hold, and does not yet; the part that was put aside counts too."""
    log = deployed.layout.functions_log
    said = "".join(part.read_text(errors="replace") for part in log.parent.glob(f"{log.name}*"))
    return [word for word in SAID if word not in said]


def use(deployed: Deployed) -> None:
    """Everything a person may do, rightly and wrongly, and an operator with them."""
    assert deployed.record(WHO, "2023-01-31", AMOUNT).status == 201
    assert deployed.record(WHO, "2023-01-31", AMOUNT).status == 409
    eventually(lambda: deployed.display(WHO, 2023), lambda view: not view["meta"]["stale"])
    file = f"date,type,amount\n{WORD},{WHO},{AMOUNT}x\n".encode()
    for method, path, content, content_type in (
        ("GET", f"/v2/energy?limit={WORD}", None, "application/json"),
        ("POST", "/v2/energy", json.dumps({"type": WORD, WHO: AMOUNT}).encode(), "application/json"),
        ("POST", "/v2/energy", f'{{"{WORD}'.encode(), "application/json"),
        ("POST", "/v2/energy/import", file, "text/csv"),
        ("POST", "/v2/energy/import", file, f"multipart/form-data; boundary={WORD}"),
        ("GET", f"/components/energy_table?from={WORD}", None, "application/json"),
    ):
        assert 400 <= deployed.request(method, path, content, user=WHO, content_type=content_type).status < 500
    broken = {"Authorization": f"Bearer {deployed.token(WHO)}{WORD}"}
    assert deployed.request("GET", "/v2/energy", headers=broken).status == 401
    explain = f"/ops/flags/energy_table/explain?user={WHO}"
    assert deployed.request("GET", explain, user="olga", roles=("operator",)).status == 200
    sign_in(deployed)
    send_a_strange_event(deployed)


def sign_in(deployed: Deployed) -> None:
    """The issuer refuses it; what counts is that it was asked."""
    try:
        urllib.request.urlopen(f"{deployed.layout.issuer_url}/authorize?client_id={WORD}&state={WHO}", timeout=10)
    except urllib.error.HTTPError as error:
        error.close()


def send_a_strange_event(deployed: Deployed) -> None:
    """An event that nobody handles, and one that fails; the shell finds the meters of both."""
    events = deployed.client("events", deployed.layout.localstack_url)
    bus = next(bus["Name"] for bus in events.list_event_buses()["EventBuses"] if bus["Name"] != "default")
    for kind in ("EnergyReadingCreated", WORD):
        detail = json.dumps({"version": 1, "userId": WHO, "meter": {"type": WORD, "amount": AMOUNT}})
        entry = {"Source": "energy-monitor", "DetailType": kind, "Detail": detail, "EventBusName": bus}
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    eventually(lambda: deployed.layout.functions_log.read_text(), lambda said: "event failed" in said)
    database = open_database(deployed.layout.mongodb_uri, deployed.layout.database)
    shell_operations(database).sweeper.run_at_once(10)
    database.client.close()
