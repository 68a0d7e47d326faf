"""The score of the last mutation run, by module, and the mutants that no test noticed.

``make mutants-domain`` runs mutmut (pyproject.toml says what is changed and which tests look) and then this. Every
survivor deserves a look: it is a promise without a test, or a change that changes nothing.
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

RESULTS = Path("mutants/chalicelib/domain")
# mutmut stores pytest's exit code: a test failed (1), or pytest itself could not go on (3).
KILLED = {1, 3}
ENOUGH = 0.9


class Score(NamedTuple):
    """How many of a module's mutants made a test fail."""

    module: str
    killed: int
    survivors: list[str]

    @property
    def share(self) -> float:
        """Killed of all, a time-out counting as not killed."""
        return self.killed / (self.killed + len(self.survivors))


def read_score(meta: Path) -> Score:
    """The score of one module from what mutmut wrote about it."""
    exit_codes: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
    survivors = [name for name, code in exit_codes.items() if code not in KILLED]
    return Score(meta.name.removesuffix(".py.meta"), len(exit_codes) - len(survivors), survivors)


def main() -> None:
    """Print the table; exit status 1 if a module is below the mark."""
    scores = [read_score(meta) for meta in sorted(RESULTS.glob("*.meta"))]
    table = Table("module", "mutants", "killed", "score")
    for score in scores:
        table.add_row(score.module, str(score.killed + len(score.survivors)), str(score.killed), f"{score.share:.1%}")
    console = Console()
    console.print(table)
    console.print(
        "Not killed (mutmut show <name>):", *(name for score in scores for name in score.survivors), sep="\n  "
    )
    sys.exit(not scores or any(score.share < ENOUGH for score in scores))


if __name__ == "__main__":
    main()
