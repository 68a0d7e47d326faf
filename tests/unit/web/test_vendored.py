"""Vendored files are as their authors published them, or as esbuild makes them: version, licence, checksum."""

import json
import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from infra.local.environments import FOLDER

ROOT = Path(__file__).parents[3]
VENDOR = ROOT / "chalicelib" / "web" / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text())
PACKAGES = json.loads((ROOT / "infra" / "javascript" / "package.json").read_text())["devDependencies"]


@pytest.mark.parametrize("name", MANIFEST)
def test_a_file_is_as_it_was_published(name: str) -> None:
    assert sha256((VENDOR / name).read_bytes()).hexdigest() == MANIFEST[name]["sha256"]


@pytest.mark.parametrize("name", MANIFEST)
def test_its_licence_lies_beside_it(name: str) -> None:
    texts = [(VENDOR / file).read_text() for file in MANIFEST[name]["licenceFiles"]]
    assert texts
    assert all("copyright" in text.lower() for text in texts)


def test_every_file_is_written_down() -> None:
    served = {path.name for path in VENDOR.iterdir() if path.suffix in {".js", ".css", ".svg"}}
    assert served == set(MANIFEST)


@pytest.mark.parametrize("name", MANIFEST)
def test_types_are_those_of_the_same_version(name: str) -> None:
    package = MANIFEST[name]["package"]
    assert PACKAGES.get(package, MANIFEST[name]["version"]) == MANIFEST[name]["version"]


@pytest.mark.parametrize("name", [name for name in MANIFEST if "madeOf" in MANIFEST[name]])
def test_what_was_made_of_a_package_can_be_made_again(name: str) -> None:
    packages = FOLDER / "javascript" / "node_modules"
    command = [
        packages / "esbuild" / "bin" / "esbuild",
        MANIFEST[name]["madeOf"],
        "--bundle",
        "--minify",
        "--format=esm",
    ]
    environment = {**os.environ, "NODE_PATH": str(packages)}
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=60)
    assert made.stdout == (VENDOR / name).read_bytes()
