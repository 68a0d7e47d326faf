"""``python -m infra retire``: the end of the old backend."""

import click

from infra.retirement.commands import plan_removal, rehearse_removal


@click.group()
def retire() -> None:
    """The end of the old backend."""


retire.add_command(plan_removal)
retire.add_command(rehearse_removal)
