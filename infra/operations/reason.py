"""The option in which a person says why; a blank is no reason, and is refused before anything happens."""

from collections.abc import Callable
from typing import Any

import click


def reason_option(kept: str = "why; kept with the change") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A required ``--reason``; ``kept``: its help."""
    return click.option("--reason", required=True, callback=_said, help=kept)


def _said(_context: click.Context, _option: click.Parameter, reason: str) -> str:
    if not reason.strip():
        raise click.BadParameter("say why")
    return reason.strip()
