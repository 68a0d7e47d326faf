"""Asks a person before a command destroys something; the way back (rollback, kill) never asks."""

import sys

import click

from infra.errors import OperatorError

yes_option = click.option("--yes", is_flag=True, help="do it without asking")


def confirm(what: str, *, yes: bool) -> None:
    """Go on only after a yes: ``what`` says what the command will touch, as a sentence without its full stop.

    Raises:
        OperatorError: nobody can be asked, or the answer was no; nothing was done.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise OperatorError(f"{what}. Nobody can be asked here: say --yes to do it")
    if not click.confirm(f"{what}. Go on?", err=True):
        raise OperatorError("nothing was done")
