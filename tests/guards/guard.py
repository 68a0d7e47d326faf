"""A guard: its place in the code, what replaces it when it is taken out, and which tests must notice."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUARDS = Path(__file__).parent


@dataclass(frozen=True)
class Guard:
    """``text`` is exactly once in ``file``; with ``instead`` in its place, each of ``tests`` must fail."""

    name: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]

    def taken_out(self, code: str) -> str:
        """The code of its file without the guard. Raises ValueError where its text is not found exactly once."""
        if (found := code.count(self.text)) != 1:
            raise ValueError(f"{self.name}: its text is {found} times in {self.file}, not once; see {GUARDS}")
        return code.replace(self.text, self.instead)
