"""``python -m infra retire``: the end of the old backend, from its announcement to the mode ``new_only``."""

import click

from infra.operations.retire.calendar import announce, brownout, optout, show
from infra.operations.retire.ending import apply, callers, check
from infra.removal.commands import plan_removal, rehearse_removal


@click.group()
def retire() -> None:
    """The end of the old backend: announce it, hold brown-outs, see what blocks it."""


for command in (announce, show, brownout, optout, callers, check, apply, plan_removal, rehearse_removal):
    retire.add_command(command)
