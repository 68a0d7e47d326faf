"""What tells one laptop stack from another: its name, its ports and its folder. Several can run side by side.

A stack remembers its ports in its folder, so that ``status``, ``token`` and ``down`` need its name only.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
STAGE = "local"
API_STAGE = "api"
API_ID = "energymonitor"
REGION = "us-east-1"
ISSUER = "https://energy-monitor.local"
AUDIENCE = "energy-monitor"
SECRET_ID = "energy-monitor/local"  # noqa: S105 - the secret's name
BUCKET = "energy-monitor-local"
DATABASE = "energy_monitor"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the pieces listen, all on 127.0.0.1."""

    api: int = 3100
    localstack: int = 4566
    appconfig: int = 4599
    mongodb: int = 27417

    @classmethod
    def chosen(cls, remembered: Mapping[str, int], options: Mapping[str, int | None]) -> Self:
        """Return the ports: an option, else the environment (API_PORT, ...), else remembered, else the default."""
        names = [field.name for field in fields(cls)]
        asked = {name: options.get(name) or os.environ.get(f"{name.upper()}_PORT") for name in names}
        return cls(**{**remembered, **{name: int(value) for name, value in asked.items() if value}})


@dataclass(frozen=True, slots=True)
class Layout:
    """One stack: where it keeps things and how it is reached."""

    name: str
    ports: Ports
    external_mongodb: str = ""

    @classmethod
    def of(cls, name: str, options: Mapping[str, int | None] | None = None) -> Self:
        """Return the stack of that name with the ports from options, environment or its own memory."""
        memory = _folder(name) / "ports.json"
        remembered = json.loads(memory.read_text()) if memory.exists() else {}
        return cls(name, Ports.chosen(remembered, options or {}), os.environ.get("MONGODB_URI", ""))

    def remember(self) -> None:
        """Write the ports into the stack's folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "ports.json").write_text(json.dumps(asdict(self.ports)))

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Let nobody else bring this stack up or down meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def folder(self) -> Path:
        """Everything this stack keeps: data, keys, logs, process notes."""
        return _folder(self.name)

    @property
    def base_url(self) -> str:
        """The API as the plan's examples write it."""
        return f"http://localhost:{self.ports.api}/{API_STAGE}"

    @property
    def localstack_url(self) -> str:
        """The endpoint of the emulated AWS services."""
        return f"http://127.0.0.1:{self.ports.localstack}"

    @property
    def appconfig_url(self) -> str:
        """The endpoint of the emulated AppConfig."""
        return f"http://127.0.0.1:{self.ports.appconfig}"

    @property
    def mongodb_uri(self) -> str:
        """The database: MONGODB_URI where it is set, else this stack's own server."""
        return self.external_mongodb or f"mongodb://127.0.0.1:{self.ports.mongodb}/?replicaSet=energy-monitor"

    @property
    def database(self) -> str:
        """The database's name; MONGODB_DATABASE chooses another."""
        return os.environ.get("MONGODB_DATABASE") or DATABASE


def _folder(name: str) -> Path:
    return ROOT / ".stack" / name
