"""Packages the application, once per content: what Chalice and infra/resources.yaml make, completed and watched."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from infra.deployment.byte_code import add_byte_code
from infra.deployment.template import completed
from infra.errors import DeployError

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = ROOT / "infra" / "resources.yaml"
SOURCES = ["app.py", "chalicelib", "requirements.txt", ".chalice/*.json", "infra/resources.yaml"]
SOURCES += [f"infra/deployment/{name}.py" for name in ("byte_code", "left_out", "packaging", "rights", "template")]
SOURCES += ["infra/alarms"]
CHALICE = [sys.executable, "-c", "from chalice.cli import main; main()"]
TEMPLATE = "template.json"
KEPT = 3


@dataclass(frozen=True, slots=True)
class Package:
    """A packaged application: ``digest`` identifies its content, the files are in ``folder``."""

    digest: str
    folder: Path

    @property
    def archive(self) -> Path:
        """The deployment package that the functions run from."""
        return self.folder / "deployment.zip"

    def template(self, code_uri: str) -> str:
        """Return the template as JSON, with the functions' code at ``code_uri`` (``s3://bucket/key``)."""
        return (self.folder / TEMPLATE).read_text().replace('"./deployment.zip"', json.dumps(code_uri))


def package(root: Path = ROOT) -> Package:
    """Return the package of the present application, from the cache where nothing changed."""
    cache = root / ".stack" / "packages"
    cache.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(cache):
        digest = digest_of_sources(root)
        result = Package(digest, cache / digest)
        if not result.folder.exists():
            unfinished = Package(digest, result.folder.with_suffix(".unfinished"))
            _run_chalice(root, unfinished.folder)
            add_byte_code(unfinished.archive)
            unfinished.folder.rename(result.folder)
            _forget_old(cache)
        return result


def template_alone(root: Path = ROOT) -> dict[str, Any]:
    """Return the template that is deployed, for reading only: no dependency is fetched or packaged."""
    with TemporaryDirectory() as folder:
        sources, target = Path(folder) / "sources", Path(folder) / "package"
        for file in _files(root):
            copy = sources / file.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
        (sources / "requirements.txt").write_text("")
        _run_chalice(sources, target)
        template: dict[str, Any] = json.loads((target / TEMPLATE).read_text())
        return template


def _run_chalice(root: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    command = [*CHALICE, "package", "--stage", "template", "--merge-template", "infra/resources.yaml"]
    command += ["--template-format", "yaml", str(target)]
    # Chalice asks for a region, although the template names none, and for credentials, which it does not use: without
    # any it would look for those of an EC2 machine, and fail where a proxy answers in its place.
    environment = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ, "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(  # noqa: S603
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode or not target.exists():  # it may also fail without saying so by its code
        raise DeployError(f"chalice could not package the application:\n{(done.stdout + done.stderr)[-4000:]}")
    _complete(target / "sam.yaml", target / TEMPLATE)


def _complete(made: Path, whole: Path) -> None:
    """Alarms and dashboard come last: they are made for the functions and queues that the template has.

    JSON, because chalice writes YAML with aliases and CloudFormation does not take them.
    """
    from infra.alarms.template import watched  # an application that does not import must not take ``down`` along

    template = yaml.load(made.read_text(), yaml.CSafeLoader)  # in Python it would take seconds
    whole.write_text(json.dumps(watched(completed(template))))
    made.unlink()


def digest_of_sources(root: Path) -> str:
    """Return the digest of everything that is packaged."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for file in sorted(set(_files(root))):
        digest.update(f"{file.relative_to(root)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        for path in root.glob(source):
            inside = path.rglob("*") if path.is_dir() else [path]
            yield from (file for file in inside if file.is_file() and _counts(file))


def _counts(file: Path) -> bool:
    """Byte code and pages for readers change nothing that runs."""
    return "__pycache__" not in file.parts and file.suffix != ".md"


def _forget_old(cache: Path) -> None:
    packages = sorted(cache.glob("*/"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in packages[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _one_at_a_time(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
