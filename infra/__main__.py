"""The operator's command line: ``python -m infra --help`` says what there is.

A command's module is imported when the command is asked for: nobody pays for what another one needs, and a broken
application keeps nobody from ``down``.
"""

import gc
import sys
from importlib import import_module

import click

from infra.errors import expected_errors
from infra.targets.naming import addressed

COMMANDS = {  # the module of infra.operations that holds each, and what the list of commands says of it
    "alarms": ("alarms", "List the alarms that ring, with why, the command to look and the command to act."),
    "backup": ("backup.commands", "Write the whole of the data to FILE, as of one moment."),
    "compare": ("compare.commands", "Compare the backends' answers."),
    "deploy": ("deploy", "Deploy to AWS with your own credentials."),
    "dlq": ("dead_letters.commands", "Dead letters: events that a function failed on."),
    "down": ("stack", "End everything that 'up' started; the data stays."),
    "drill": ("drill", "Do on purpose what must never go wrong."),
    "fan-out": ("fan_out.commands", "Walks over all meters that workers do."),
    "flags": ("flags.commands", "Which components move to the new backend, and for whom."),
    "gate": ("gate.commands", "Whether a component may go on, and how sure that is."),
    "mode": ("sync.mode", "Where writes go: old_only <-> dual_write <-> new_only."),
    "rebuild": ("rebuild", "Calculate all display documents."),
    "rehearsal": ("rehearsal", "Carry out the whole migration on a stack of its own."),
    "repair": ("verify.repair", "Mend what differs from the authoritative side, or from the other one."),
    "replay": ("replay", "Send one event per meter, so that handlers refresh it."),
    "restore": ("backup.commands", "Put FILE back into an empty database."),
    "retire": ("retire.commands", "The end of the old backend: announce it, hold brown-outs, see what blocks it."),
    "rollout": ("rollout.commands", "Automatic rollouts: start, look, pause, hurry, abort."),
    "running": ("stack", "Say what runs on this machine."),
    "simulate": ("simulate", "Simulate whole migrations on a virtual clock, with faults."),
    "status": ("status.commands", "Say where the migration is, and what comes first."),
    "sweep": ("rebuild", "Refresh every meter that lags or is outdated, now."),
    "sync": ("sync.sync", "Carry over what another application wrote to energies."),
    "token": ("stack", "Print a token for the laptop stack's API."),
    "trace": ("trace.commands", "Print what came of a request, an event or a command, by its trace."),
    "up": ("stack", "Start the laptop stack, deploy the application, import the demo households."),
    "verify": ("verify.verify", "Compare both sides, and the display."),
}


class _Commands(click.Group):
    """Knows every command by name, and loads the one that is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        gc.disable()  # what imports make stays: looking through it again and again takes a fifth of a start
        command: click.Command = getattr(
            import_module(f"infra.operations.{COMMANDS[cmd_name][0]}"), cmd_name.replace("-", "_")
        )
        gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run Energy Monitor on this machine, or deploy it to AWS."""


def run(arguments: list[str] | None = None) -> None:
    """Run a command; an expected failure becomes a message and exit code 1, a defect keeps its traceback."""
    try:
        main(arguments)
    except expected_errors() as error:
        message = addressed("\n".join([str(error), *getattr(error, "__notes__", [])]))
        click.secho(message, fg="red", err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
