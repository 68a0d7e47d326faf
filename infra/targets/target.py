"""The target of a command, found in one way: a laptop stack, a stage on AWS, or a database by its address.

Its database, its deployment and its flags are opened by the modules beside this one, which need the heavy libraries.
"""

import getpass
import socket
from dataclasses import dataclass

import click

from infra.errors import OperatorError
from infra.local.layout import DATABASE, DEFAULT_NAME, STAGE, Layout, hosts_of


@dataclass(frozen=True, slots=True)
class Said:
    """What the options and the environment say about the target; ``is_named``: the stack's name is no default."""

    name: str = DEFAULT_NAME
    is_named: bool = False
    stage: str | None = None
    region: str | None = None
    uri: str | None = None
    database: str | None = None

    @property
    def names_a_target(self) -> bool:
        """Whether a person means one certain system."""
        return self.is_named or self.stage is not None or self.says_a_database

    @property
    def says_a_database(self) -> bool:
        """Whether another database may be meant than the stack's or the stage's own."""
        return bool(self.uri or self.database)


@dataclass(frozen=True, slots=True)
class Target:
    """One system. ``layout``: the laptop stack, None for a stage on AWS and for a database by its address alone.

    ``must_agree``: a stack or stage and a database were both given, so they must be one system.
    """

    layout: Layout | None
    stage: str | None
    region: str | None
    uri: str
    database_name: str
    must_agree: bool

    @classmethod
    def resolved(cls, said: Said, *, deployed: bool = False) -> "Target":
        """Find the target. ``deployed``: the command uses a stack's or a stage's AWS, a database alone is not enough.

        Raises:
            OperatorError: there is no such stack; the message names those that exist.
        """
        uri, database = said.uri or "", said.database or ""
        if said.stage is not None:
            _require_cloud_stage(said.stage)
            return cls(None, said.stage, said.region, uri, database or DATABASE, said.says_a_database)
        is_meant = said.is_named or deployed or not uri
        if not is_meant:
            return cls(None, None, None, uri, database or DATABASE, must_agree=False)
        layout = known_stack(said.name)
        must_agree = said.says_a_database and (said.is_named or deployed)
        return cls(layout, None, None, uri or layout.mongodb_uri, database or layout.database, must_agree)

    @classmethod
    def of_stack(cls, layout: Layout) -> "Target":
        """A laptop stack with its own database."""
        return cls(layout, None, None, layout.mongodb_uri, layout.database, must_agree=False)

    @property
    def place(self) -> str:
        """``stack local``, ``stage dev``, or nothing for a database alone."""
        if self.stage:
            return f"stage {self.stage}" + (f" in {self.region}" if self.region else "")
        return f"stack {self.layout.name}" if self.layout else ""

    @property
    def address(self) -> str:
        """The database's servers and its name, without user and password; nothing where it is not known."""
        return f"{hosts_of(self.uri)}/{self.database_name}" if self.uri else ""

    def __str__(self) -> str:
        return ", ".join(part for part in (self.place, self.address and f"mongodb {self.address}") if part)

    def announce(self) -> None:
        """Say on standard error what is about to be changed."""
        click.echo(f"target: {self}", err=True)

    def no_answer(self, asked: str) -> OperatorError:
        """The error for a target that is down: the address that was asked, and what starts it."""
        if self.layout and self.must_agree and hosts_of(self.uri) in asked:
            return OperatorError(
                f"{asked} did not answer; MONGODB_URI or --uri names it. "
                f"Without it, the database of the {self.place} is used"
            )
        if self.layout is None:
            return OperatorError(f"{self.place or 'The target'} is down: {asked} did not answer. Check the address")
        return OperatorError(
            f"The stack '{self.layout.name}' is down: {asked} did not answer. Start it: make up{self.layout.argument}"
        )

    def explained(self, error: Exception) -> OperatorError:
        """Explain an error of something that did not answer in the middle of a command."""
        start = f"; if it is down: make up{self.layout.argument}" if self.layout else ""
        return OperatorError(f"{error} (asked: {self}{start})")


def known_stack(name: str) -> Layout:
    """A laptop stack that has come up before. Raises OperatorError, which names those that have."""
    layout = Layout.of(name)
    if layout.was_brought_up:
        return layout
    raise OperatorError(f"The stack '{name}' has never come up{_others()}. Start it: make up{layout.argument}")


def stack_with_a_folder(name: str, *, is_named: bool) -> Layout:
    """A laptop stack of which something may run, even when it has not come up completely.

    The one without a name of its own is no error where nothing was ever started. Raises OperatorError otherwise.
    """
    layout = Layout.of(name)
    if is_named and not layout.folder.exists():
        raise OperatorError(f"There is no stack '{name}'{_others()}")
    return layout


def person() -> str:
    """Who runs a command, as records name them."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def _require_cloud_stage(stage: str) -> None:
    if stage == STAGE:
        raise OperatorError(f"'{STAGE}' is the laptop stack's stage; it is found by --name, without --stage.")


def _others() -> str:
    known = Layout.known()
    return f"; there are {', '.join(known)}" if known else "; there is none yet"
