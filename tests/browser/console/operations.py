"""The server behind the operators' page in its tests: routes below ``/ops`` from memory, except flags and rollouts."""

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chalice.test import HTTPResponse

from chalicelib.api.compression import LARGE_OFTEN
from chalicelib.domain.backends.component import Component

NOW = "2024-03-15T10:00:00Z"
SHARES = {Component.ENERGY_TABLE: ("12.5", 8, 1)}
FINGERPRINT = "5f0c1a"
DIFFERENT = {"fingerprint": FINGERPRINT, "kind": "value", "place": "meters.summary.lastMonth"} | {
    **{"answers": 4, "users": 2, "first": "2024-03-14T08:00:00Z", "last": "2024-03-15T09:00:00Z"},
    **{"ignoredBy": None, "ignoredUntil": None, "gone": None},
}
FINDING = {"meter": "p-17f2 power", "collection": "energy_readings", "document": "7", "problem": "differs"}
LETTER = {"id": "letter-1", "at": NOW, "function": "EnergyReadingCreated", "error": "WriteConflictError", "attempts": 3}


def backend(answers: int, failures: int) -> dict[str, Any]:
    """How one backend answers."""
    percent = None if not answers else round(100 * failures / answers, 2)
    times = {"p50": 12.5, "p95": 48.0, "p99": 75.0} if answers else dict.fromkeys(("p50", "p95", "p99"))
    return {"answers": answers, "failures": failures, "failurePercent": percent, **times}


def component_status(component: Component) -> dict[str, Any]:
    """One component of the status document."""
    percent, people, new = SHARES.get(component, ("0", 8, 0))
    is_rolling = new > 0
    counts = ("equal", "different", "lagging", "ignored", "failed", "otherCalculation", "open")
    differing = {"different": 4, "open": 1, "equal": 96} if is_rolling else {}
    hindered = "1 difference is open; look at it first"
    return {
        "component": component,
        "flag": f"{component}_new_backend",
        "stage": "partial" if is_rolling else "off",
        **{"enabled": is_rolling, "percent": percent, "exact": False, "testUsers": 0, "blockedUsers": 0},
        "share": {
            **{"people": people, "new": new, "percent": 100 * new / people, "set": percent, "mismatch": None},
            "command": f"python -m infra flags report {component}",
        },
        "backends": {
            **{"old": backend(700, 0), "new": backend(100 if is_rolling else 0, 1 if is_rolling else 0)},
            "command": f"python -m infra flags latency {component}",
        },
        "comparisons": dict.fromkeys(counts, 0)
        | differing
        | {"fingerprints": [DIFFERENT] if is_rolling else [], "command": f"python -m infra compare report {component}"},
        "feedback": {"open": 0, "looked": 0, "command": "python -m infra feedback list"},
        "lastChange": {
            **({"at": NOW, "by": "olga", "action": "set", "reason": "as planned"} if is_rolling else {"at": None}),
            "command": f"python -m infra flags history {component}",
        },
        "rollout": {
            **({"state": "stopped", "step": "test users", "next": None} if is_rolling else {"state": None}),
            **{"secondsLeft": None, "reason": "the backends differ", "by": "olga"},
            "command": f"python -m infra rollout status {component}",
        },
        "verdict": {
            "mayGoOn": not is_rolling,
            "text": hindered if is_rolling else "may go on",
            "command": f"python -m infra compare show {FINGERPRINT}" if is_rolling else "python -m infra flags list",
        },
    }


def status() -> dict[str, Any]:
    """The status document of a migration that has begun."""
    return {
        **{"at": NOW, "hours": 24},
        "sync": {
            **{"mode": "dual_write", "since": "2024-03-10T08:00:00Z", "authoritative": "old", "catchingUp": None},
            **{"drainSeconds": 0, "stopped": None, "command": "python -m infra mode show"},
        },
        "verify": {
            **{"at": "2024-03-15T09:00:00Z", "upTo": "2024-03-15T08:59:58Z", "meters": 16, "lagging": 0},
            **{"differences": 0, "firstSeen": None, "lastSeen": None, "command": "python -m infra verify"},
        },
        "components": [component_status(component) for component in Component],
        "flags": {
            **{"version": "abc", "inUse": "abc", "globalEnabled": True, "overruled": None},
            "command": "python -m infra flags list",
        },
        "display": {
            **{"lagging": 1, "oldestSeconds": 240, "failing": 0, "outdated": 0},
            "command": "python -m infra staleness",
        },
        "deadLetters": {"count": 1, "command": "python -m infra dlq ls"},
        "eventsNotPublished": {"count": 0, "since": None, "command": "python -m infra status"},
        "migrations": {"open": ["013_hours"], "command": "python -m infra migrate status"},
        "drill": {
            **{"at": "2024-03-01T10:00:00Z", "component": "energy_table", "code": "1234", "isThisCode": False},
            **{"writes": 500, "lostWrites": 0, "lastNewAnswerSeconds": 6.4, "passed": True},
            "command": "python -m infra drill show",
        },
        "erasures": {"waiting": 0, "oldestSeconds": None, "command": "python -m infra status"},
    }


def hours() -> list[dict[str, Any]]:
    """Two days, in which nobody asked at night."""
    found = []
    for hour in range(48):
        day, clock = divmod(hour, 24)
        people = 0 if clock < 6 else 8
        found.append(
            {
                **{"at": f"2024-03-{13 + day}T{clock:02}:00:00Z", "people": people, "onNew": people and day},
                "old": backend(people * 4, 0) | ({"p95": 40.0 + clock} if people else {}),
                "new": backend(people * day, day) | ({"p95": 20.0 + clock / 2} if people and day else {}),
            }
        )
    return found


def detail() -> dict[str, Any]:
    """What is known of one component over time."""
    example = {"at": NOW, "user": "p-17f2", "place": "meters[0].summary.lastMonth", "old": 300.5, "new": 300}
    said = {"at": NOW, "user": "p-17f2", "backend": "new", "state": "open", "parameters": {"type": "power"}}
    return {
        "component": "energy_table",
        "hours": hours(),
        "fingerprints": [DIFFERENT | {"examples": [example]}],
        "feedback": [said],
    }


def alarms() -> dict[str, Any]:
    """One that rings, and one that does not."""
    common = {"since": NOW, "command": "python -m infra compare report", "act": "python -m infra flags kill"}
    common |= {"meaning": "Both backends gave different figures."}
    return {
        "alarms": [
            common | {"name": "laptop-memory", "state": "OK", "severity": "warning", "reason": "it is below 80 %"},
            common
            | {"name": "laptop-differences", "state": "ALARM", "severity": "critical", "reason": "1 since 09:00"},
        ]
    }


def mode(name: str = "dual_write") -> dict[str, Any]:
    """The sync mode, as ``mode show --json`` prints it."""
    change = {"mode": name, "at": "2024-03-10T08:00:00Z", "by": "olga", "reason": "we begin"}
    found: dict[str, Any] = status()["sync"] | {"mode": name, "changes": [change]}
    return found


class Asked(NamedTuple):
    """What the page asked for."""

    method: str
    path: str
    body: Any


@dataclass
class Operations:
    """Answers by path; a number is the status of a refusal. ``answers``: what is answered to what is done, in turn.

    ``asked``: what was done, not what was looked at: the page looks again by itself.
    """

    documents: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, list[Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        meter = {"meter": "p-17f2 power", "sinceSeconds": 240, "attempts": 2, "error": "UnavailableError"}
        staleness = {"lagging": 1, "failing": 0, "oldestSeconds": 240, "meters": [meter | {"nextAttempt": NOW}]}
        staleness |= {"command": "python -m infra status"}
        self.documents = {
            "/ops/status": status(),
            "/ops/alarms": alarms(),
            **{f"/ops/components/{component}": detail() for component in Component},
            "/ops/dead-letters": {"letters": [LETTER], "count": 1, "command": "python -m infra dlq ls"},
            "/ops/dead-letters/letter-1": LETTER | {"event": {"detail": {"meters": []}}},
            "/ops/staleness": staleness,
            "/ops/sync-mode": mode(),
            "/ops/staleness/sweep": {"state": "swept", "refreshed": 1, "failed": 0, "lagging": 0},
            "/ops/verify": status()["verify"],
        }

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HTTPResponse | None:
        """The answer; None where the application itself answers."""
        plain = path.partition("?")[0]
        if not plain.startswith("/ops/") or plain.startswith(("/ops/flags", "/ops/rollouts")):
            return None
        roles = _roles(headers.get("Authorization", ""))
        if roles is None:
            return _answer({"detail": "the token has ended"}, 401)
        if "operator" not in roles and not (method == "GET" and "viewer" in roles):
            return _answer({"detail": "this needs the role operator"}, 403)
        found = self.documents.get(plain, {})
        if method != "GET":
            self.asked.append(Asked(method, plain, json.loads(body)))
            found = self.answers[plain].pop(0) if self.answers.get(plain) else found
        if isinstance(found, int):
            return _answer({"detail": "the database cannot be reached; try again"}, found)
        return _answer(found if method == "GET" or plain in self.documents else {}, 200)


def _answer(body: Any, status: int) -> HTTPResponse:
    """As large answers of these routes travel (``api/compression``): compressed."""
    kind = "application/json" if status < 400 else "application/problem+json"
    content = json.dumps(body).encode()
    if len(content) < LARGE_OFTEN:
        return HTTPResponse(content, {"Content-Type": kind}, status)
    return HTTPResponse(gzip.compress(content), {"Content-Type": kind, "Content-Encoding": "gzip"}, status)


def _roles(authorization: str) -> list[str] | None:
    """The roles of a token that the application has not looked at; None: it is none."""
    parts = authorization.split(".")
    if len(parts) != 3:
        return None
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    found: list[str] = claims.get("roles", [])
    return found
