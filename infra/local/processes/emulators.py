"""The emulators of services: LocalStack, the AppConfig emulator for what its free edition lacks, the issuer, and the
watcher for what LocalStack does not do with metrics.
"""

import json
import time
from pathlib import Path

import urllib3

from infra.local.environments import python_of
from infra.local.layout import API_ID, API_STAGE, AUDIENCE, DEFAULT_NAME, REGION, ROOT, STAGE, Layout
from infra.local.processes.supervision import MARK, Piece

# The emulators speak to this machine only, and a proxy of the person's does not reach it.
NO_PROXY = {"NO_PROXY": "*", "no_proxy": "*"}
FLAGS_ARE_OLD = (
    "it was killed, so the flags are back at their last orderly state; bring the recorded ones back: "
    'python -m infra flags restore{name} --reason "..."'
)

APPCONFIG = Path(__file__).with_name("appconfig_emulator.py")  # runs where its own environment is

BEAT_SECONDS = 60.0  # a watcher that has not ended a round for so long does not work

_http = urllib3.PoolManager(retries=False)


def localstack(layout: Layout) -> Piece:
    """Return LocalStack as a piece: in host mode, on 127.0.0.1 only, functions as processes."""
    folder = layout.folder / "localstack"
    ports = layout.ports
    environment = {
        **NO_PROXY,
        "GATEWAY_LISTEN": f"127.0.0.1:{ports.localstack},127.0.0.1:{ports.api}",
        "GATEWAY_SERVER": "hypercorn",  # the default server listens on every interface, against all settings
        "LOCALSTACK_HOST": f"127.0.0.1:{ports.localstack}",
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "LAMBDA_RETRY_BASE_DELAY": "1",  # seconds before a failed event is handled again; Lambda waits minutes
        "PROCESS_LAMBDA_PYTHON": str(python_of("runtime")),
        "PROCESS_LAMBDA_PASS": MARK,
        "PROCESS_LAMBDA_LOG": str(layout.functions_log),
        "PROCESS_LAMBDA_API_PORT": str(ports.api),
        "PROCESS_LAMBDA_API_ID": API_ID,
        "PROCESS_LAMBDA_API_STAGE": API_STAGE,
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(_made(folder / "root")),
        "TMPDIR": str(_made(folder / "tmp")),
        "DNS_ADDRESS": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "EAGER_SERVICE_LOADING": "0",
        "LS_LOG": "warning",  # it would print the address of every request, with what is asked for
        "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1",  # it has no dashboards in templates
    }
    return Piece(
        "localstack",
        [str(python_of("localstack")), "-m", "localstack.runtime.main"],
        lambda: answers(f"{layout.localstack_url}/_localstack/health"),
        environment,
        {"localstack": ports.localstack, "api": ports.api},
    )


def appconfig(layout: Layout) -> Piece:
    """Return the AppConfig emulator as a piece; it keeps its state when it is ended politely."""
    folder = layout.folder / "appconfig"
    port = layout.ports.appconfig
    environment = {
        **NO_PROXY,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(_made(folder / "state")),
        "S3_DATA_DIR": str(folder / "s3"),
        "TMPDIR": str(_made(folder / "tmp")),
        "MINISTACK_REGION": REGION,
        "SFTP_ENABLED": "0",
    }
    return Piece(
        "appconfig",
        [str(python_of("appconfig")), "-P", str(APPCONFIG)],
        lambda: answers(f"{layout.appconfig_url}/_ministack/health"),
        environment,
        {"appconfig": port},
        after_kill=FLAGS_ARE_OLD.format(name="" if layout.name == DEFAULT_NAME else f" --name {layout.name}"),
    )


def issuer(layout: Layout) -> Piece:
    """Return the OpenID Connect provider as a piece; the page of this stack alone may sign in with it."""
    port, api = layout.ports.issuer, layout.ports.api
    settings = {
        "port": port,
        "issuer": layout.issuer_url,
        "keys": str(layout.keys),
        "client_id": AUDIENCE,
        "origins": [f"http://{host}:{api}" for host in ("localhost", "127.0.0.1")],
        "path": f"/{API_STAGE}/",
    }
    environment = {"ISSUER_SETTINGS": json.dumps(settings), "PYTHONPATH": str(ROOT), "AUTHLIB_INSECURE_TRANSPORT": "1"}
    return Piece(
        "issuer",
        [str(python_of("issuer")), "-m", "infra.local.issuer"],
        lambda: answers(f"{layout.issuer_url}/jwks"),
        environment,
        {"issuer": port},
    )


def watcher(layout: Layout) -> Piece:
    """Return the watcher as a piece: it listens nowhere, and touches a file after each round."""
    beat = _made(layout.folder) / "watcher.beat"
    settings = {
        "log": str(layout.functions_log),
        "endpoint": layout.localstack_url,
        "region": REGION,
        "stage": STAGE,
        "beat": str(beat),
    }
    environment = {**NO_PROXY, "WATCHER_SETTINGS": json.dumps(settings), "PYTHONPATH": str(ROOT)}
    command = [str(python_of("app")), "-m", "infra.local.watcher"]
    return Piece("watcher", command, lambda: _is_fresh(beat), environment)


def _is_fresh(beat: Path) -> bool:
    return beat.exists() and time.time() - beat.stat().st_mtime < BEAT_SECONDS


def answers(url: str, seconds: float = 2.0) -> bool:
    """Return whether a GET of the URL gives 200 within a time."""
    try:
        return _http.request("GET", url, timeout=seconds).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
