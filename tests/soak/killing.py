"""Killing processes of functions, those of one stack only, one every few seconds."""

import random
from contextlib import suppress
from threading import Event

import psutil

from tests.e2e.conftest import Deployed

PAUSE_SECONDS = (2.0, 5.0)
SELDOM = 0.01  # an idle process is killed too, now and then


class Killer:
    """Kills, rather than another, a process that has worked much since the last look: it may well be at it."""

    def __init__(self, deployed: Deployed) -> None:
        self.kills = 0
        self._deployed = deployed
        self._worked: dict[psutil.Process, float] = {}

    def kill_on(self, enough: Event) -> None:
        """Kill until it is enough."""
        while not enough.wait(random.uniform(*PAUSE_SECONDS)):
            self._kill_one()

    def _kill_one(self) -> None:
        before, self._worked = self._worked, dict(filter(None, map(_work, self._deployed.functions())))
        weights = [worked - before.get(process, 0.0) + SELDOM for process, worked in self._worked.items()]
        if weights:
            victim = random.choices(list(self._worked), weights)[0]
            with suppress(psutil.NoSuchProcess):
                victim.kill()
                self.kills += 1


def _work(process: psutil.Process) -> tuple[psutil.Process, float] | None:
    try:
        times = process.cpu_times()
    except psutil.Error:  # it has just ended
        return None
    return process, times.user + times.system
