"""Serves the page until it is interrupted, for somebody who works on it: ``python -m tests.browser [--new]``.

Sign in as ``home`` (electricity up to yesterday), ``demo`` (2006 to 2010), ``flat`` (both meters, January 2022 to March
2024) or ``alice`` (nothing yet). All is in memory: what is written is gone with the process. The files of the page are
read again whenever it is loaded. ``--new`` lets the new backend answer, else the old one does.

Tests look at components with the fixtures of ``conftest``: ``served`` is the application (``bring`` imports a file,
``holding`` keeps an answer back, ``failing`` takes the database away, ``clock`` sets the time), ``sign_in`` opens a
page for a person, ``watch.announce`` excuses a refusal that a test provokes. ``settling`` waits until a page shows what
it was asked for, ``accessibility`` looks whether everybody can use it, ``parts`` finds the components on it.
"""

import signal
import sys
from threading import Event

import click

from chalicelib.bootstrap.container import now
from chalicelib.domain.backends.backend import Backend
from chalicelib.monitoring.logger import logger
from infra.local import throwaway
from infra.local.demo.household import file_of, historical_readings, readings_until, yesterday
from tests.browser.households import two_meters
from tests.browser.server import Clock, Served, Server


class RunningClock(Clock):
    """The real time."""

    def __call__(self) -> int:
        return now()


def fill(served: Served) -> None:
    """Bring the people's readings."""
    served.bring("home", file_of(readings_until(yesterday())))
    served.bring("demo", file_of(historical_readings()))
    served.bring("flat", two_meters())


@click.command()
@click.option("--new", is_flag=True, help="let the new backend answer")
def main(new: bool) -> None:
    """Serve the page on this machine until interrupted."""
    logger().setLevel("WARNING")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with throwaway.issuer() as layout, Server(layout) as server, server.serving(RunningClock()) as served:
        fill(served)
        served.reads_files_again = True
        served.behind.flags.side = Backend.NEW if new else Backend.OLD
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        try:
            Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
