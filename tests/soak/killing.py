"""Killing processes of functions, those of one stack only, one every few seconds."""

import random
from contextlib import suppress
from threading import Event

import psutil

from tests.e2e.conftest import Deployed

PAUSE_SECONDS = (2.0, 5.0)
LOOK_SECONDS = 0.1
SELDOM = 0.001  # an idle process is killed too, now and then


class Killer:
    """Kills, rather than another, a process that is at work: one that was while it looked."""

    def __init__(self, deployed: Deployed) -> None:
        self.kills = 0
        self._deployed = deployed

    def kill_on(self, enough: Event) -> None:
        """Kill until it is enough."""
        while not enough.wait(random.uniform(*PAUSE_SECONDS)):
            before = self._work()
            enough.wait(LOOK_SECONDS)
            self._kill_one(
                {process: SELDOM + work - before.get(process, 0.0) for process, work in self._work().items()}
            )

    def _kill_one(self, weights: dict[psutil.Process, float]) -> None:
        if weights:
            victim = random.choices(list(weights), list(weights.values()))[0]
            with suppress(psutil.NoSuchProcess):
                victim.kill()
                self.kills += 1

    def _work(self) -> dict[psutil.Process, float]:
        """Seconds of a core that each function's process has used."""
        work = {}
        for process in self._deployed.functions():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                work[process] = times.user + times.system
        return work
