"""MongoDB for a stack: a one-node replica set, because transactions and change streams need one."""

import shutil
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from infra.errors import OperatorError
from infra.local.environments import FOLDER
from infra.local.processes.supervision import Piece

REPLICA_SET = "energy-monitor"
ALREADY_INITIALIZED = 23
LOOK_SECONDS = 2.0
REMEDY = (
    "If a shared library is missing, the MongoDB server needs OpenSSL 3 and libcurl 4: "
    "apt install libcurl4 libssl3, or dnf install libcurl openssl-libs. "
    "Or name a replica set that runs elsewhere: make up MONGODB_URI=mongodb://..."
)


def piece(data: Path, port: int, *options: str) -> Piece:
    """Return the server as a piece that keeps its files in ``data``, started with further ``options`` of its own."""
    data.mkdir(parents=True, exist_ok=True)
    command = [
        binary(),
        *("--dbpath", str(data)),
        *("--bind_ip", "127.0.0.1"),
        *("--port", str(port)),
        *("--replSet", REPLICA_SET),
        # zlib stays out: CVE-2025-14847 in the version that the Python wheel carries
        *("--networkMessageCompressors", "snappy,zstd"),
        *("--setParameter", "transactionLifetimeLimitSeconds=30"),
        *("--wiredTigerCacheSizeGB", "1.5"),
        *("--slowms", "2147483647"),  # a slow command would be in the log with its documents
        "--nounixsocket",
        *options,
    ]
    return Piece("mongod", command, lambda: is_ready(port), ports={"mongodb": port}, remedy=REMEDY)


def binary() -> str:
    """Return the server's program: the one on PATH, else the one from the wheel, which 'make up' installs."""
    if found := shutil.which("mongod"):
        return found
    for bundled in FOLDER.glob("mongod/lib/python*/site-packages/fiftyone/db/bin/mongod"):
        return str(bundled)
    return "mongod"


def is_ready(port: int) -> bool:
    """Return whether the server takes writes; makes it a replica set of its own the first time."""
    try:
        with MongoClient[dict[str, object]](
            "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=500
        ) as client:
            if client.admin.command("hello").get("isWritablePrimary"):
                return True
            _initiate(client, port)
    except PyMongoError:
        pass  # it is still starting: asked again until the deadline
    return False


def require_replica_set(uri: str, seconds: float = 5.0) -> None:
    """Raise OperatorError when the server behind ``uri`` cannot serve this application."""
    try:
        with MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=int(seconds * 1000)) as client:
            if not client.admin.command("hello").get("setName"):
                raise OperatorError(
                    "MONGODB_URI names a server without a replica set; transactions need one (rs.initiate())."
                )
    except PyMongoError as error:
        reason = str(error).split(" (")[0]
        raise OperatorError(f"The server that MONGODB_URI names does not answer: {reason}") from error


def is_replica_set(uri: str) -> bool:
    """Return whether the server behind ``uri`` answers and can serve this application."""
    try:
        require_replica_set(uri, LOOK_SECONDS)
    except OperatorError:
        return False
    return True


def _initiate(client: "MongoClient[dict[str, object]]", port: int) -> None:
    members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
    try:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
    except OperationFailure as error:
        if error.code != ALREADY_INITIALIZED:
            raise
