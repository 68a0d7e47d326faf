"""A guard: where it stands in the code, what stands there when it is taken out, and which tests must notice."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUARDS = Path(__file__).parent


@dataclass(frozen=True)
class Guard:
    """``text`` stands exactly once in ``file``; with ``instead`` in its place, each of ``tests`` must fail."""

    name: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]

    def taken_out(self, code: str) -> str:
        """The code of its file without the guard. Raises ValueError where it does not stand as it is known here."""
        if (found := code.count(self.text)) != 1:
            raise ValueError(f"{self.name}: its text stands {found} times in {self.file}, not once; see {GUARDS}")
        return code.replace(self.text, self.instead)
