"""``python -m infra.local.template_lint``: check the templates by the rules of cfn-lint and cfn-lint-serverless.

Templates that were clean are asked again only when they, or the rules, have changed.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from infra.deployment.flags import flags_template
from infra.deployment.packaging import ROOT, template_alone
from infra.local.environments import REQUIREMENTS, python_of

RULES = ROOT / "infra" / "cfnlint.yaml"
ENVIRONMENT = "templates"
FOLDER = ROOT / ".stack" / "packages"


def main() -> None:
    """Exit with cfn-lint's code."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    templates = {
        FOLDER / "application.json": json.dumps(template_alone(), indent=1),
        FOLDER / "flags.yaml": flags_template(),
    }
    for file, text in templates.items():
        file.write_text(text)
    clean, mark = FOLDER / "clean", _digest(*templates, RULES, *REQUIREMENTS[ENVIRONMENT])
    if clean.exists() and clean.read_text() == mark:
        return
    if code := _lint(*templates):
        sys.exit(code)
    clean.write_text(mark)


def _lint(*templates: Path) -> int:
    program = python_of(ENVIRONMENT).with_name("cfn-lint")
    command: list[str | Path] = [program, "--config-file", RULES, "--template", *templates]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


if __name__ == "__main__":
    main()
