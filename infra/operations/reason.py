"""The option ``--reason``: a blank is no reason, and is refused before anything happens.

What is not UTF-8 in it is written out: no way back fails because of an umlaut in a script of another encoding.
"""

from collections.abc import Callable
from typing import Any

import click


def reason_option(
    kept: str = "why; kept with the change", *, required: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--reason``; ``kept``: its help."""
    return click.option("--reason", required=required, callback=_said, help=kept)


def _said(_context: click.Context, _option: click.Parameter, reason: str | None) -> str | None:
    if reason is None:
        return None
    if not reason.strip():
        raise click.BadParameter("say why")
    return reason.strip().encode("utf-8", "backslashreplace").decode()
