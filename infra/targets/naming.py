"""Adding the named target to commands in messages: typed again, they must not reach another stack."""

from infra.local.layout import DEFAULT_NAME

COMMANDS = ("python -m infra", "python -m migrations")
_named: list[str] = []


def name_stack(name: str | None) -> None:
    """Remember the stack that the present command names on its command line; None: it names none."""
    _named[:] = [name] if name and name != DEFAULT_NAME else []


def addressed(text: str) -> str:
    """Add the stack's name to the commands in a text: ``STACK_NAME=other python -m infra verify``."""
    for name in _named:
        for command in COMMANDS:
            text = text.replace(command, f"STACK_NAME={name} {command}")
    return text
