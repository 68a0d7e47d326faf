"""The layout of a laptop stack: its name, ports, database and folder. Several stacks run side by side.

A stack remembers how it was brought up last, so that ``status``, ``token`` and ``down`` need its name only.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from infra.errors import OperatorError

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_NAME = "local"
STAGE = "local"
API_STAGE = "api"
API_ID = "energymonitor"
REGION = "us-east-1"
AUDIENCE = "energy-monitor"
SECRET_ID = "energy-monitor/local"  # noqa: S105 - the secret's name
BUCKET = "energy-monitor-local"
DATABASE = "energy_monitor"
NOT_A_STACK = "packages"  # beside the stacks' folders lies what they share
HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of the pieces, all on 127.0.0.1."""

    api: int = 3100
    localstack: int = 4566
    appconfig: int = 4599
    mongodb: int = 27417
    issuer: int = 3110

    @classmethod
    def chosen(cls, remembered: "Ports", options: Mapping[str, str | None]) -> Self:
        """Return the ports: an option, else the environment (API_PORT, ...), else remembered.

        Raises OperatorError for what is no port, and for one port with two purposes.
        """
        asked = {field.name: options.get(field.name) or os.environ.get(_variable(field.name)) for field in fields(cls)}
        given = {purpose: _port(purpose, value) for purpose, value in asked.items() if value}
        ports = asdict(remembered) | given
        _require_distinct(ports)
        return cls(**ports)


@dataclass(frozen=True, slots=True)
class Layout:
    """One stack: where it keeps things and how it is reached."""

    name: str
    ports: Ports
    external_mongodb: str = ""
    database: str = DATABASE

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the stack of that name as it was brought up last; one that never was has the defaults."""
        if not re.fullmatch(r"[A-Za-z0-9][\w-]*", name, re.ASCII) or name == NOT_A_STACK:
            raise OperatorError(
                f"STACK_NAME={name!r} cannot name a stack: letters, digits, - and _, not {NOT_A_STACK!r}."
            )
        memory = _memory(name)
        if not memory.exists():
            return cls(name, Ports())
        remembered = json.loads(memory.read_text())
        return cls(name, Ports(**remembered["ports"]), remembered["external_mongodb"], remembered["database"])

    @classmethod
    def chosen(cls, name: str, options: Mapping[str, str | None]) -> Self:
        """Return the stack that is to be brought up: what is said now goes before what is remembered.

        An empty MONGODB_URI leads back from an existing database to the stack's own server.
        """
        last = cls.of(name)
        ports = Ports.chosen(last.ports, options)
        external_mongodb = os.environ.get("MONGODB_URI", last.external_mongodb)
        return cls(name, ports, external_mongodb, os.environ.get("MONGODB_DATABASE", last.database) or DATABASE)

    @staticmethod
    def known() -> list[str]:
        """Return the names of the stacks that have a folder, running or not."""
        return sorted(folder.name for folder in ROOT.glob(".stack/*/") if folder.name != NOT_A_STACK)

    def remember(self) -> None:
        """Write how the stack was brought up into its folder; a database's URI may hold a password."""
        unfinished = _memory(self.name).with_suffix(".unfinished")
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
            json.dump(asdict(self), file)
        unfinished.replace(_memory(self.name))

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Let nobody else bring this stack up or down meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def was_brought_up(self) -> bool:
        """Whether the stack has ever come up completely."""
        return _memory(self.name).exists()

    @property
    def argument(self) -> str:
        """What a ``make`` command needs to mean this stack."""
        return "" if self.name == DEFAULT_NAME else f" STACK_NAME={self.name}"

    @property
    def folder(self) -> Path:
        """Everything this stack keeps: data, keys, logs, process notes."""
        return _folder(self.name)

    @property
    def functions_log(self) -> Path:
        """The file with the log of every invocation of a function."""
        return self.folder / "logs" / "functions.log"

    @property
    def base_url(self) -> str:
        """The base URL of the API."""
        return f"http://localhost:{self.ports.api}/{API_STAGE}"

    @property
    def keys(self) -> Path:
        """The folder of the keys that sign tokens and make pseudonyms."""
        return self.folder / "keys"

    @property
    def issuer_url(self) -> str:
        """Who signs the tokens: the OpenID Connect provider, as a browser reaches it."""
        return f"http://localhost:{self.ports.issuer}"

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
        """The database: the one that MONGODB_URI named, else this stack's own server."""
        return self.external_mongodb or f"mongodb://127.0.0.1:{self.ports.mongodb}/?replicaSet=energy-monitor"

    @property
    def mongodb_hosts(self) -> str:
        """The database's servers, without user and password."""
        return hosts_of(self.mongodb_uri)


def hosts_of(uri: str) -> str:
    """The servers that a connection string names, and nothing of what may be a password in it."""
    return re.split(r"[/?]", uri.partition("://")[2].rpartition("@")[2])[0] or "a server without a name"


def _folder(name: str) -> Path:
    return ROOT / ".stack" / name


def _memory(name: str) -> Path:
    return _folder(name) / "remembered.json"


def _variable(purpose: str) -> str:
    return f"{purpose.upper()}_PORT"


def _port(purpose: str, value: str) -> int:
    port = int(value) if re.fullmatch(r"\d{1,5}", value, re.ASCII) else 0
    if not 1 <= port <= HIGHEST_PORT:
        raise OperatorError(
            f"{_variable(purpose)}={value} is no port: it takes a whole number from 1 to {HIGHEST_PORT}."
        )
    return port


def _require_distinct(ports: Mapping[str, int]) -> None:
    for port in ports.values():
        purposes = [_variable(purpose) for purpose, other in ports.items() if other == port]
        if len(purposes) > 1:
            raise OperatorError(f"{' and '.join(purposes)} are both {port}: each needs a port of its own.")
