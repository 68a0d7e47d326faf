"""The options that name a target, the same for every command.

AWS's clients are imported only for a command on a deployment.
"""

from collections.abc import Callable
from functools import reduce, wraps
from typing import Any

import click
from click.core import ParameterSource

from infra.errors import OperatorError
from infra.local.layout import DEFAULT_NAME
from infra.targets.naming import name_stack
from infra.targets.target import Said, Target

Command = Callable[..., Any]
json_option = click.option("--json", "as_json", is_flag=True, help="print JSON instead of a table")
name_option = click.option(
    "--name", envvar="STACK_NAME", default=DEFAULT_NAME, show_default=True, help="which laptop stack"
)
_options = (
    name_option,
    click.option("--stage", help="a stage on AWS, such as dev, instead of a laptop stack"),
    click.option("--region", envvar="AWS_REGION", help="on AWS; default: what your AWS configuration says"),
    click.option("--uri", envvar="MONGODB_URI", show_envvar=True, help="another database server than the stack's"),
    click.option("--database", envvar="MONGODB_DATABASE", show_envvar=True, help="another database than the stack's"),
)


def is_given(parameter: str) -> bool:
    """Whether a person gave this parameter of the present command, by an option or by the environment."""
    return click.get_current_context().get_parameter_source(parameter) is not ParameterSource.DEFAULT


def is_on_the_command_line(parameter: str) -> bool:
    """Whether the option itself was given."""
    return click.get_current_context().get_parameter_source(parameter) is ParameterSource.COMMANDLINE


def _refuse_options_before(subcommand: str) -> None:
    """Raise UsageError for an option before a subcommand, which would not see it and could work on another system."""
    context = click.get_current_context()
    given = [each for each in context.command.params if each.name and is_on_the_command_line(each.name)]
    if given:
        raise click.UsageError(f"write {', '.join(each.opts[-1] for each in given)} after '{subcommand}'")


def _refuse_undecodable(options: dict[str, Any]) -> None:
    """Raise UsageError for text of another encoding, which names nobody: such as of a script that is no UTF-8."""
    named = {each.name: each.opts[-1] for each in click.get_current_context().command.params}
    for name, value in options.items():
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and any("\ud800" <= character <= "\udfff" for character in text):
                shown = text.encode("utf-8", "backslashreplace").decode()
                raise click.UsageError(
                    f"{named[name]}: '{shown}' is not UTF-8; where it comes from has another encoding"
                )


def with_target(*, changes: bool, deployed: bool = False, needed: bool = True) -> Callable[[Command], Command]:
    """Give a command, as its first argument, the target that options and environment name.

    ``changes``: the command may change something, so the target is printed first.
    ``deployed``: it works on a deployment, not on a database alone. ``needed``: without a target there is nothing to
    do; else the command is given the OperatorError instead, unless a person has named the target.

    A command that is also a group does nothing where a subcommand is asked for: that one finds its own target.
    """

    def decorated(command: Command) -> Command:
        @wraps(command)
        def wrapped(
            name: str, stage: str | None, region: str | None, uri: str | None, database: str | None, **options: Any
        ) -> None:
            if subcommand := click.get_current_context().invoked_subcommand:
                _refuse_options_before(subcommand)
                return
            _refuse_undecodable(options)
            if stage is not None and is_on_the_command_line("name"):
                raise OperatorError("say --name or --stage: they name two systems")
            name_stack(name if is_on_the_command_line("name") else None)
            said = Said(name, is_given("name"), stage, region, uri, database)
            try:
                target = Target.resolved(said, deployed=deployed)
            except OperatorError as error:
                if needed or said.names_a_target:
                    raise
                command(error, **options)
                return
            if changes:
                target.announce()
            if not deployed:
                command(target, **options)
                return
            from infra.targets.deployment import reached

            with reached(target):
                command(target, **options)

        return reduce(lambda decorated, option: option(decorated), reversed(_options), wrapped)

    return decorated
