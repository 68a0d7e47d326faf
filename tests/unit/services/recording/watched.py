"""A store on fakes that notes what each unit of work asks of it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from typing_extensions import override

from chalicelib.domain.ports.writing import Expected, WriteTransaction
from infra.simulation.memory.store import FakeStore

T = TypeVar("T")


class Watched(FakeStore):
    """``calls``: each call of a repository with its arguments; ``expected``: what each unit of work is about."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []
        self.expected: list[Expected | None] = []

    @override
    def run(self, user_id: str, work: Callable[[WriteTransaction], T], expected: Expected | None = None) -> T:
        self.expected.append(expected)

        def watched(transaction: WriteTransaction) -> T:
            parts = {
                name: _Noting(getattr(transaction, name), self.calls)
                for name in ("readings", "meters", "settings", "imports")
            }
            return work(cast(WriteTransaction, SimpleNamespace(**parts)))

        return super().run(user_id, watched, expected)

    def asked(self, *names: str) -> list[tuple[Any, ...]]:
        """The calls of these methods since the last look."""
        found, self.calls[:] = [call for call in self.calls if call[0] in names], []
        return found


class _Noting:
    def __init__(self, repository: object, calls: list[tuple[Any, ...]]) -> None:
        self._repository = repository
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._repository, name)

        def noted(*arguments: Any) -> Any:
            self._calls.append((name, *arguments))
            return method(*arguments)

        return noted
