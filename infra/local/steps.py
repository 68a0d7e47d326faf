"""Shows what is being done and how long it took, one line per step."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

from rich.console import Console

Step = Callable[[], str]


class Steps:
    """Runs steps; each returns a few words about its outcome. What a step raises goes on to the caller."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def run(self, name: str, step: Step) -> None:
        """Run one step."""
        self.run_together({name: step})

    def run_together(self, steps: Mapping[str, Step]) -> None:
        """Run independent steps side by side; all end before a failure of one is raised."""
        with self._console.status(f"{', '.join(steps)} ..."), ThreadPoolExecutor(max_workers=len(steps)) as pool:
            running = {pool.submit(self._timed, step): name for name, step in steps.items()}
            for finished in as_completed(running):
                self._show(running[finished], finished.exception() or finished.result())
        for step, name in running.items():
            if error := step.exception():
                error.add_note(f"This happened in the step '{name}'.")
                raise error

    @staticmethod
    def _timed(step: Step) -> tuple[str, float]:
        started_at = time.monotonic()
        return step(), time.monotonic() - started_at

    def _show(self, name: str, outcome: BaseException | tuple[str, float]) -> None:
        if isinstance(outcome, BaseException):
            self._console.print(f"[red]failed[/] {name}")
        else:
            text, seconds = outcome
            self._console.print(f"[green]  done[/] {name:<11} {seconds:5.1f} s  {text}", highlight=False)
